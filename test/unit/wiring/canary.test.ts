// The canary asks the browser when nobody waits any more for what is to be stored.

import { afterEach, expect, test, vi } from "vitest";
import { createCanary } from "../../../src/wiring/canary.js";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Cache Storage that keeps texts. */
function stubCaches() {
  const kept = new Map<string, string>();
  const open = vi.fn(async () => ({
    match: async (address: string) => (kept.has(address) ? new Response(kept.get(address)) : undefined),
    put: async (address: string, response: Response) => void kept.set(address, await response.text()),
  }));
  vi.stubGlobal("caches", { open });
  return open;
}

test("it is silent while a host begins, and then gives what was written, by database", async () => {
  vi.useFakeTimers();
  const open = stubCaches();
  const [orders, others] = [createCanary("orders"), createCanary("other/s")];
  const reading = orders?.read();
  await vi.advanceTimersByTimeAsync(80);
  expect(open).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(20);
  expect(await reading).toBeUndefined();
  await orders?.write(7);
  const both = Promise.all([orders?.read(), others?.read()]);
  await vi.advanceTimersByTimeAsync(100);
  expect(await both).toEqual([7, undefined]);
});

test("there is none where there is no Cache Storage", () => {
  vi.stubGlobal("caches", undefined);
  expect(createCanary("orders")).toBeUndefined();
});
