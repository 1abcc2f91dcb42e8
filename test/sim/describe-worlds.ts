// The seeds of a run, spread over several files, since files are what runs in parallel.

import { describe, test } from "vitest";
import { runSeed, seedsToRun } from "./run-seeds.js";

const SEEDS = 200;
const PARTS = 8;
const SEEDS_PER_TEST = 25;
const LIMIT_MS = 600_000;

/** The worlds of one part, 0 to 7. */
export function describeWorlds(part: number): void {
  const seeds = seedsToRun(SEEDS).filter((seed) => seed % PARTS === part);
  const blocks = Array.from({ length: Math.ceil(seeds.length / SEEDS_PER_TEST) }, (_, i) =>
    seeds.slice(i * SEEDS_PER_TEST, (i + 1) * SEEDS_PER_TEST),
  );
  describe("whatever fails, nothing is lost, doubled, early or stale", () => {
    for (const block of blocks) {
      test(`worlds ${block[0]} to ${block.at(-1)}, every ${PARTS}th`, { timeout: LIMIT_MS }, async () => {
        for (const seed of block) await runSeed(seed);
      });
    }
    if (blocks.length === 0) test.skip("no seed of this run falls into this part", () => {});
  });
}
