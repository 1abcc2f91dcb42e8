// The event that the browser's room comes to an end, by the browser's account.

import { afterEach, expect, test, vi } from "vitest";
import { type StorageAccount, watchStorage } from "../../../../src/client/connection/low-storage.js";

afterEach(() => vi.unstubAllGlobals());

const QUOTA = 1_000;

function createWorld(part = 0.1) {
  let now = 0;
  let timer: { readonly at: number; readonly callback: () => void } | undefined;
  const account = { usage: 0, asked: 0, estimate: async (): Promise<StorageEstimate> => ({}) };
  account.estimate = async () => {
    account.asked++;
    return { quota: QUOTA, usage: account.usage };
  };
  vi.stubGlobal("navigator", { storage: { estimate: () => account.estimate() } });
  const told: StorageAccount[] = [];
  const begin = () =>
    watchStorage({
      runtime: {
        now: () => now,
        setTimer(callback, ms) {
          timer = { at: now + ms, callback };
          return () => {
            timer = undefined;
          };
        },
      },
      part,
      onLow: (account) => told.push(account),
    });
  const pass = async (ms: number) => {
    now += ms;
    const due = timer && timer.at <= now ? timer : undefined;
    if (due) timer = undefined;
    due?.callback();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { account, told, begin, pass };
}

test("is told once when less than that part is left, and again after it was better", async () => {
  const { account, told, begin, pass } = createWorld();
  const watch = begin();
  const store = async (usage: number) => {
    account.usage = usage;
    watch.note();
    await pass(5_000);
  };
  await pass(0);
  await store(900);
  expect(told).toEqual([]);
  await store(901);
  await store(950);
  expect(told).toEqual([{ quota: QUOTA, usage: 901 }]);
  await store(100);
  await store(990);
  expect(told).toEqual([
    { quota: QUOTA, usage: 901 },
    { quota: QUOTA, usage: 990 },
  ]);
});

test("is told at once where it is so already", async () => {
  const { account, told, begin, pass } = createWorld(0.5);
  account.usage = 501;
  begin();
  await pass(0);
  expect(told).toHaveLength(1);
});

test("however much is stored, the browser is asked every five seconds at most, and not at all while nothing is", async () => {
  const { account, begin, pass } = createWorld();
  const watch = begin();
  await pass(0);
  for (let i = 0; i < 1_000; i++) {
    watch.note();
    await pass(20);
  }
  expect(account.asked).toBeLessThanOrEqual(5);
  const before = account.asked;
  await pass(5_000);
  for (let i = 0; i < 10; i++) await pass(5_000);
  expect(account.asked).toBeLessThanOrEqual(before + 1);
});

test.each([
  ["there is no account", async () => ({})],
  ["the browser refuses to say", () => Promise.reject(new TypeError("no"))],
])("nothing is told where %s", async (_, estimate) => {
  const { account, told, begin, pass } = createWorld(1);
  account.estimate = estimate;
  const watch = begin();
  watch.note();
  await pass(5_000);
  expect(told).toEqual([]);
});

test("nothing is told after its end", async () => {
  const { account, told, begin, pass } = createWorld();
  const watch = begin();
  await pass(0);
  account.usage = 999;
  watch.note();
  watch.end();
  watch.note();
  await pass(5_000);
  expect(told).toEqual([]);
});
