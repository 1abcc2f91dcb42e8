// Signals that many calls share, and what they leave behind.

import { afterEach, describe, expect, test, vi } from "vitest";
import { abortable, whenAborted } from "../../../../src/client/runtime/abortable.js";
import { connect } from "../../../../src/index.js";

const warnings: string[] = [];
const onWarning = ({ name }: Error) => warnings.push(name);
process.on("warning", onWarning);
afterEach(() => warnings.splice(0));

/** Warnings come by a later turn of the event loop. */
const warned = async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return warnings;
};

/** How many listeners a signal has had at once, and has now. */
function countListeners(signal: AbortSignal) {
  const count = { most: 0, now: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    count.now++;
    count.most = Math.max(count.most, count.now);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    count.now--;
    removeEventListener.apply(signal, args);
  };
  return count;
}

describe("one signal given to many calls", () => {
  test.each(["sends", "receives", "consumers", "loops"] as const)(
    "has one listener for all %s, and none when they have ended",
    async (what) => {
      const connection = await connect({ storage: "memory", database: `abortable-${what}` });
      const queue = await connection.openQueue<number>("q");
      const { signal } = new AbortController();
      const count = countListeners(signal);
      const calls = Array.from({ length: 30 }, async (_, n) => {
        if (what === "sends") return queue.send(n, { signal });
        if (what === "receives") return queue.receive({ waitMs: 50, signal });
        if (what === "consumers") return queue.consume(() => {}, { signal }).stop();
        const loop = queue.deliveries({ signal });
        return loop.return?.();
      });
      await Promise.all(calls);
      expect(count).toEqual({ most: 1, now: 0 });
      expect(await warned()).toEqual([]);
      await connection.close();
    },
  );

  test("ends all of them when it aborts", async () => {
    const connection = await connect({ storage: "memory", database: "abortable-all" });
    const queue = await connection.openQueue<number>("q");
    const ending = new AbortController();
    const calls = Array.from({ length: 30 }, () => queue.receive({ waitMs: 60_000, signal: ending.signal }));
    const reason = new Error("given up");
    ending.abort(reason);
    for (const call of calls) await expect(call).rejects.toBe(reason);
    await connection.close();
  });
});

test("many calls without a signal draw no warning either", async () => {
  const connection = await connect({ storage: "memory", database: "abortable-none" });
  const queue = await connection.openQueue<number>("q");
  await Promise.all(Array.from({ length: 30 }, () => queue.stats()));
  expect(await warned()).toEqual([]);
  await connection.close();
});

test("what is forgotten is not called, what waits anew is, and an aborted signal takes nobody in", () => {
  const ending = new AbortController();
  const [first, second] = [vi.fn(), vi.fn()];
  const forget = whenAborted(ending.signal, first);
  forget();
  whenAborted(ending.signal, second);
  forget();
  ending.abort();
  whenAborted(ending.signal, first);
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
});

test("work that fails after it was given up is no unhandled rejection", async () => {
  const work = new Promise<never>((_, reject) => setTimeout(() => reject(new Error("too late")), 5));
  await expect(abortable(work, AbortSignal.abort("gone"))).rejects.toBe("gone");
  await new Promise((resolve) => setTimeout(resolve, 20));
});
