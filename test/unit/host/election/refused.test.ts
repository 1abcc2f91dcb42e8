// A context that may have no locks: it says so at once, and nobody waits for it.

import { afterEach, expect, test, vi } from "vitest";
import { stand } from "../../../../src/host/election/candidate.js";
import { answerOpening } from "../../../../src/link/finding/answering.js";
import { requestOpening } from "../../../../src/link/finding/opening.js";
import { createAsking } from "../../../../src/wiring/asking.js";
import { proveLife } from "../../../../src/wiring/hosting.js";

afterEach(() => vi.unstubAllGlobals());

const refusal = () => new DOMException("The request was denied.", "SecurityError");
const refusing = { request: () => Promise.reject(refusal()) } as unknown as LockManager;

test("who stands for host without being given locks hears it at once, not when the silence has been long enough", async () => {
  const asking = createAsking("refused");
  const timers: number[] = [];
  const standing = stand({
    kind: "shared-worker",
    locks: refusing,
    lock: "host",
    asking: { ...asking, setTimer: (callback, ms) => asking.setTimer(callback, timers.push(ms) && ms) },
    openHost: () => Promise.reject(new Error("opened without a lock")),
  });
  const silence = new Promise((resolve) => setTimeout(resolve, 1_000, "waits"));
  const outcome = await Promise.race([standing.catch(({ code }) => code), silence]);
  expect(outcome).toBe("unsupported");
});

test.each([
  ["refused", { locks: refusing }],
  ["missing", {}],
])("a worker whose locks are %s answers that it cannot host, before it is asked to", async (_, navigator) => {
  vi.stubGlobal("navigator", navigator);
  const { port1, port2 } = new MessageChannel();
  const host = vi.fn();
  answerOpening(port2, host, proveLife());
  await expect(requestOpening(port1, { storage: "indexeddb", database: "d" })).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining("Web Locks"),
  });
  expect(host).not.toHaveBeenCalled();
  port1.close();
});
