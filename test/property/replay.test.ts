import fc from "fast-check";
import { test } from "vitest";
import { advance } from "../../src/core/commands/clock.js";
import { decideOnce } from "../../src/core/commands/decide.js";
import type { State } from "../../src/core/state/state.js";
import { holds, same } from "./expectations.js";
import { imageOf } from "./image.js";
import { checkInvariants } from "./invariants.js";
import { history, parameters, type Step, type TurnSteps } from "./steps.js";
import { createWorld, fromCheckpoint, replay, type World } from "./world.js";

const check = (property: (turns: TurnSteps[], cut: number) => Promise<void>) =>
  fc.assert(fc.asyncProperty(history, fc.nat(60), property), parameters(50));

const sameState = (actual: State, expected: State) => same(imageOf(actual), imageOf(expected), "states");

/** A state that is only read back: nothing in it is replaced on the way. */
const withoutRestarts = (turns: readonly TurnSteps[]): TurnSteps[] =>
  turns.map((turn) => ({ ...turn, steps: turn.steps.filter((step: Step) => step.op !== "restart") }));

async function play(world: World, turns: readonly TurnSteps[], afterTurn?: () => Promise<void> | void): Promise<World> {
  for (const turn of turns) {
    await world.turn(turn);
    await afterTurn?.();
  }
  return world;
}

test("the journal alone gives the same state, even where the clock was set back", () =>
  check(async (turns) => {
    const world = await play(createWorld(), withoutRestarts(turns));
    const replayed = replay(world.journal);
    checkInvariants(replayed, world.disk);
    sameState(replayed, world.state);
  }));

test("turns that changed nothing need no record: time alone gives the same state", () =>
  check(async (turns) => {
    const world = await play(createWorld({ isTerse: true }), withoutRestarts(turns));
    const replayed = replay(world.journal);
    advance(replayed, world.now);
    checkInvariants(replayed, world.disk);
    sameState(replayed, world.state);
  }));

test("a checkpoint gives the same state, which goes on to decide the same", () =>
  check(async (turns, cut) => {
    const world = await play(createWorld(), turns.slice(0, cut));
    const decoded = await fromCheckpoint(world.state);
    checkInvariants(decoded, world.disk);
    sameState(decoded, world.state);
    const before = world.journal.length;
    await play(world, withoutRestarts(turns.slice(cut)));
    sameState(replay(world.journal.slice(before), decoded), world.state);
  }));

test("going on from what was read back decides as if nothing had happened", () =>
  check(async (turns, cut) => {
    const only = (op: "take-over" | "checkpoint" | "restart"): TurnSteps => ({ afterMs: 0, steps: [{ op }] });
    const [before, after] = [turns.slice(0, cut), turns.slice(cut)];
    const changesWith = async (...between: TurnSteps[]) => {
      const world = await play(createWorld(), [...before, ...between, ...after]);
      return world.journal.flatMap((record) => record.changes);
    };
    const undisturbed = await changesWith(only("take-over"));
    same(await changesWith(only("restart")), undisturbed, "changes after a journal was read");
    same(await changesWith(only("checkpoint"), only("restart")), undisturbed, "changes after a checkpoint was read");
  }));

test("a checkpoint and the journal after it give what the whole journal gives", () =>
  check(async (turns, cut) => {
    const world = createWorld();
    let count = 0;
    let start: State | undefined;
    await play(world, withoutRestarts(turns), async () => {
      if (count++ === cut % turns.length) start = await fromCheckpoint(world.state);
    });
    holds(start !== undefined, "a checkpoint was taken");
    const lsn = (start as State).lsn;
    const rest = world.journal.filter((record) => record.lsn > lsn);
    sameState(replay(rest, start), replay(world.journal));
  }));

test("a command that is sent again gets its first answer and changes nothing, whichever host it meets", () =>
  check(async (turns) => {
    const world = await play(createWorld(), turns);
    const states = [world.state, replay(world.journal), await fromCheckpoint(world.state)];
    for (const state of states) {
      const before = imageOf(state);
      for (const { from, command, outcome, hasChanged } of world.answered) {
        if (!hasChanged) continue;
        const again = decideOnce(state, from, command, world.now + 1);
        same(again.changes, [], "changes of a command sent again");
        const isConfirmed = from.number <= (state.clients.get(from.client)?.confirmed ?? 0);
        if (isConfirmed) holds(!again.outcome.ok, "an answer that was confirmed is not kept");
        else same(again.outcome, outcome, "the answer");
      }
      same(imageOf(state), before, "states");
    }
  }));
