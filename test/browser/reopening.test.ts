// A host whose browser loses its storage for a while, in a real worker.

import { afterEach, expect, test, vi } from "vitest";
import { openQueue, type Queue } from "../../src/index.js";
import { troubleChannel } from "./trouble-channel.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0).reverse()) await close();
});

const PATIENT = { timeout: 20_000 };
const LIMIT_MS = 90_000;

async function createWorld() {
  const name = `reopening-${crypto.randomUUID()}`;
  const channel = new BroadcastChannel(troubleChannel(name));
  closing.push(async () => channel.close());
  /** Resolves with how often it was opened since it broke. */
  const setBroken = (isBroken: boolean): Promise<number> =>
    new Promise((resolve) => {
      channel.onmessage = ({ data }) => resolve(data.tries);
      channel.postMessage({ isBroken });
    });
  const worker = () => new SharedWorker(new URL("./troubled-worker.ts", import.meta.url), { type: "module", name });
  const complaints = vi.spyOn(console, "error").mockImplementation(() => {});
  const queue: Queue<number> = await openQueue("q", { database: name, worker, openTimeoutMs: 4_000 });
  closing.push(() => queue.close({ force: true }));
  return { queue, setBroken, complaints };
}

test("a send that is called while the storage is gone is stored once it is back", { timeout: LIMIT_MS }, async () => {
  const { queue, setBroken, complaints } = await createWorld();
  await queue.send(1);
  await setBroken(true);
  const sent = queue.send(2);
  sent.catch(() => {});
  await expect.poll(() => complaints.mock.calls.length, PATIENT).toBe(1);
  await setBroken(false);
  await sent;
  expect(await queue.stats()).toMatchObject({ ready: 2 });
});

test("sends reject in time with one line on the console, and consumers go on by themselves", {
  timeout: LIMIT_MS,
}, async () => {
  const { queue, setBroken, complaints } = await createWorld();
  const handled: number[] = [];
  queue.consume(({ body }) => void handled.push(body));
  await queue.send(1);
  await expect.poll(() => handled, PATIENT).toEqual([1]);
  await setBroken(true);
  const sends = await Promise.allSettled([queue.send(2), queue.send(3)]);
  const later = await Promise.allSettled([queue.send(4)]);
  const codes = [...sends, ...later].map((one) => (one.status === "rejected" ? one.reason.code : "stored"));
  expect(codes.slice(0, 2)).toEqual(["host-lost", "host-lost"]);
  expect(codes.at(-1)).toBe("storage-failed");
  expect(complaints).toHaveBeenCalledTimes(1);
  expect(String(complaints.mock.calls[0]?.[1])).toContain("Internal error opening backing store");
  // Five each time that it is tried.
  expect(await setBroken(false)).toBeLessThan(60);
  await queue.send(5);
  await expect.poll(() => handled, PATIENT).toContain(5);
  expect(handled).not.toContain(4);
});
