import { expect, test } from "vitest";
import type { Command } from "../../../../src/core/commands/commands.js";
import { RECORD_BYTES_MAX } from "../../../../src/core/spec/limits.js";
import { createState } from "../../../../src/core/state/state.js";
import type { Engine } from "../../../../src/host/engine/engine.js";
import { startLoop } from "../../../../src/host/engine/loop.js";
import { createPlatform } from "../../../../src/host/engine/platform.js";
import type { Work } from "../../../../src/host/engine/proposal.js";

const HALF = RECORD_BYTES_MAX / 2;

const send = (...sizes: number[]): Command => ({
  type: "send",
  queue: "q",
  atomic: true,
  segments: [{ count: sizes.length, priority: 4 }],
  sizes,
});
const pause: Command = { type: "pause", queue: "q", paused: true };
const transaction = (...sizes: number[]): Command => ({
  type: "transaction",
  client: "c",
  sends: sizes.map((size) => ({ queue: "q", segments: [{ count: 1, priority: 4 }], sizes: [size] })),
  settlements: [],
  jitter: 0,
});

/** The commands of each turn, all of which had arrived before the first. */
async function turnsOf(...commands: Command[]): Promise<Command[][]> {
  const turns: Command[][] = [];
  const platform = createPlatform("test", { locks: undefined, canary: undefined });
  const engine = {
    state: createState(),
    isSound: true,
    async turn(works: readonly Work[]) {
      if (works.length > 0) turns.push(works.map(({ command }) => command));
      return { changes: [], batches: [], expired: [], plan: undefined };
    },
  } as unknown as Engine;
  const loop = startLoop({
    engine,
    platform,
    spare: () => false,
    plan: () => undefined,
    onTurn: () => {},
    nextDeadline: () => Number.POSITIVE_INFINITY,
  });
  for (const command of commands) loop.push({ command, settle: () => {} });
  await loop.close();
  platform.close();
  return turns;
}

test("what arrived together is one record, as far as its bodies have room in it", async () => {
  const [first, second, third, large] = [send(HALF), send(1, HALF - 1), send(9), send(3 * HALF)];
  expect(await turnsOf(first, second)).toEqual([[first, second]]);
  expect(await turnsOf(first, second, third)).toEqual([[first, second], [third]]);
  expect(await turnsOf(third, large, third)).toEqual([[third], [large], [third]]);
});

test("the sends of a transaction stay together, and count together", async () => {
  const both = transaction(HALF, HALF);
  expect(await turnsOf(both, send(1))).toEqual([[both], [send(1)]]);
});

test("what has no bodies stays with what was pushed together with it", async () => {
  const large = send(3 * HALF);
  expect(await turnsOf(send(HALF), pause, pause, large, pause, pause, send(1))).toEqual([
    [send(HALF), pause, pause],
    [large],
    [pause, pause, send(1)],
  ]);
});
