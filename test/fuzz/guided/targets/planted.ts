// What the fuzzer is there to find, done on request: to see that it is found.

import type { Target } from "../target.js";

const DEEDS: Readonly<Record<string, () => unknown>> = {
  throw: () => Reflect.get(undefined as never, "length"),
  pollute: () => Object.assign(Object.prototype, { polluted: true }),
  run: () => Reflect.get(() => {}, "constructor")("globalThis.ran = true"),
  reject: () => void Promise.reject(new Error("nobody heard this")),
  hang: () => {
    for (;;);
  },
  grow: () => {
    for (const all: number[][] = []; ; ) all.push(Array.from({ length: 100_000 }, (_, i) => i + 0.5));
  },
};

export const planted: Target = {
  name: "planted",
  form: "text",
  seeds: () => [new TextEncoder().encode("throw")],
  async open() {
    return (input) => {
      DEEDS[new TextDecoder().decode(input)]?.();
      return 1;
    };
  },
};
