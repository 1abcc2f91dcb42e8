// A key that is asked for, and may be answered later, or never.

import { vi } from "vitest";
import type { AskedKey } from "../../../src/index.js";
import { deferred } from "../../../src/link/rpc/deferred.js";

export const aesKey = (): Promise<CryptoKey> =>
  crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);

/** What is sent meanwhile is taken. */
export const paired = (ask: () => AskedKey | Promise<AskedKey>) => ({ key: ask, whileLocked: "send" }) as const;

/** Nobody answers. */
export const never = (): Promise<AskedKey> => new Promise(() => {});

/** Who is there to answer later. */
export const asking = () => {
  const asked: { resolve(key: AskedKey): void; reject(reason: unknown): void }[] = [];
  const ask = vi.fn(() => {
    const answer = deferred<AskedKey>();
    asked.push(answer);
    return answer.promise;
  });
  const last = () => asked.at(-1) as (typeof asked)[number];
  return { ask, answer: (given: AskedKey) => last().resolve(given), refuse: (why: unknown) => last().reject(why) };
};

/** What `locked` and `unlocked` tell there: a reason each time, or that it is unlocked. */
export const told = (target: {
  addEventListener(type: "locked" | "unlocked", listener: (event: Event) => void): void;
}): unknown[] => {
  const heard: unknown[] = [];
  target.addEventListener("locked", (event) => heard.push((event as CustomEvent).detail.reason));
  target.addEventListener("unlocked", () => heard.push("unlocked"));
  return heard;
};

export const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
  const late = Symbol();
  const ended = Promise.race([promise.catch(() => {}), new Promise((resolve) => setTimeout(resolve, 50, late))]);
  return (await ended) === late;
};
