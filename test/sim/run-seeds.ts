// Runs worlds by their seeds; the first that fails is reported with how to run it again and what happened last.

import { vi } from "vitest";
import { runWorld } from "./world.js";

export const STEPS = 500;
const EVENTS_SHOWN = 30;

/** `ORIGINMQ_SIM_SEEDS=n`: so many seeds in place of the usual number. `ORIGINMQ_SIM_SEED=s`: that one alone. */
export function seedsToRun(usual: number): number[] {
  const { ORIGINMQ_SIM_SEED: one, ORIGINMQ_SIM_SEEDS: many } = process.env;
  if (one !== undefined) return [Number(one)];
  return Array.from({ length: many === undefined ? usual : Number(many) }, (_, i) => i + 1);
}

export async function runSeed(seed: number): Promise<void> {
  // Each tab says once an outage that there is no database.
  const complaints = vi.spyOn(console, "error").mockImplementation(() => {});
  const verdict = await runWorld({ seed, steps: STEPS }).finally(() => complaints.mockRestore());
  if (verdict.isValid) return;
  throw new Error(
    [
      `seed ${seed} breaks a promise; run it again: ORIGINMQ_SIM_SEED=${seed} npm test -- sim`,
      ...verdict.problems.slice(0, EVENTS_SHOWN),
      "--- the world, at the end",
      ...verdict.trace.slice(-EVENTS_SHOWN),
      "--- the history, at the end",
      ...verdict.history.slice(-EVENTS_SHOWN).map((event) => JSON.stringify(event)),
    ].join("\n"),
  );
}
