// The fuzzer of `npm run fuzz:edge`, with few frames.

import { expect, test } from "vitest";
import { fuzz } from "../fuzz/edge.js";
import { PLANTED_FAULTS } from "../fuzz/planted-faults.js";

test("a server takes 20,000 mutated frames: it lives, holds nothing, and does nothing without authority", async () => {
  const seed = Number(process.env.ORIGINMQ_FUZZ_SEED ?? 1);
  const { frames, problems } = await fuzz({ seed, frames: 20_000 });
  expect(problems, `seed ${seed}`).toEqual([]);
  expect(frames).toBeGreaterThanOrEqual(20_000);
}, 120_000);

test.concurrent.each(Object.entries(PLANTED_FAULTS))(
  "a server that %s is found out",
  async (_, fault) => {
    const { problems } = await fuzz({ seed: 1, frames: fault.frames, fault });
    expect(problems.join("\n")).toMatch(fault.noticed);
  },
  120_000,
);
