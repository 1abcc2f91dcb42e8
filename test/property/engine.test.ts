import fc from "fast-check";
import { test } from "vitest";
import { idOf } from "../../src/core/log/ids.js";
import { BATCH_BYTES_MAX } from "../../src/core/spec/limits.js";
import { PEEKABLE } from "../../src/core/spec/message-states.js";
import type { QueueSettings } from "../../src/core/spec/settings.js";
import { depthOf, type Schedule, type State } from "../../src/core/state/state.js";
import { waitingRuns } from "../../src/core/state/waiting.js";
import { peek } from "../../src/core/view/view.js";
import { holds, same } from "./expectations.js";
import { checkInvariants } from "./invariants.js";
import { createModel, type Model, type Seen } from "./model.js";
import { history, parameters, type TurnSteps } from "./steps.js";
import { type Answered, createWorld, type Handled, type World } from "./world.js";

test("the engine does what the model does, whatever happens in whichever order", async () => {
  await fc.assert(
    fc.asyncProperty(history, async (turns) => runBoth(withoutOverflow(turns))),
    parameters(60),
  );
});

/** The model knows no sizes, and nothing of what makes room. */
const withoutOverflow = (turns: readonly TurnSteps[]): TurnSteps[] =>
  turns.map((turn) => ({
    ...turn,
    steps: turn.steps.map((step) => {
      if (step.op !== "configure") return step;
      const { overflow: _, maxBytes: __, ...settings } = step.settings;
      return { ...step, settings };
    }),
  }));

async function runBoth(turns: readonly TurnSteps[]): Promise<void> {
  const world = createWorld();
  const model = createModel((seq) => idOf(world.state, seq));
  let dead: readonly number[] = [];
  let before: ReadonlyMap<string, number> = new Map();
  for (const turn of turns) {
    await world.turn(turn, {
      onTime(now, setBackMs) {
        model.tick(now, setBackMs);
      },
      onCommand(command) {
        before = depths(world.state);
        dead = "queue" in command ? [...(world.state.queues.get(command.queue)?.dead.keys() ?? [])] : [];
      },
      onHandled(handled, now) {
        // A re-send that was answered before must change nothing; any other is decided like a new command.
        const isRepeated = handled.resent?.hasChanged === true || isConfirmed(world.state, handled.resent);
        if (isRepeated) same(handled.changes, [], "changes of a repeated command");
        else model.apply(handled.command, now, seenOf(world.state, handled, now, dead));
        checkBatches(handled);
        checkBounds(world.state, before);
      },
    });
    checkInvariants(world.state, world.disk);
    compare(world, model);
  }
}

const isConfirmed = (state: State, sent: Answered | undefined) =>
  sent !== undefined && sent.from.number <= (state.clients.get(sent.from.client)?.confirmed ?? 0);

function seenOf(state: State, { outcome, changes, serial }: Handled, now: number, dead: readonly number[]): Seen {
  return {
    outcome,
    serial,
    accepted: (queue) =>
      changes.flatMap((change) => (change.type === "accepted" && change.queue === queue ? [change.seq] : [])),
    dead,
    leased: (grant) => [...(state.grants.get(grant)?.leases.keys() ?? [])],
    dueAt(seq) {
      for (const queue of state.queues.values())
        for (const run of waitingRuns(queue))
          if (run.seq <= seq && seq < run.seq + run.count) return run.untokenedAt ?? run.readyAt;
      return now;
    },
  };
}

const all = (state: State) =>
  [...state.queues.values()].flatMap((queue) =>
    peek(queue, { max: 1_000, states: PEEKABLE, after: 0 }).map((entry) => ({ ...entry, queue: queue.name })),
  );

function compare({ state, contents }: World, model: Model): void {
  const bySeq = (a: { seq: number }, b: { seq: number }) => a.seq - b.seq;
  const seen = all(state).sort(bySeq);
  const expected = [...model.messages].sort(bySeq);
  same(
    seen.map(({ bodySeq, queue, seq, state, priority, ...rest }) => {
      const { attempts, redelivered, sentAt, deliverAt, expiresAt, reason, groupId } = rest;
      const body = contents.get(bodySeq);
      return {
        queue,
        seq,
        body,
        state,
        priority,
        attempts,
        redelivered,
        sentAt,
        deliverAt,
        expiresAt,
        reason,
        groupId,
      };
    }),
    expected.map(({ queue, seq, body, state, priority, ...rest }) => {
      const { attempts, redelivered, sentAt, dueAt, expiresAt, reason, groupId } = rest;
      return {
        queue,
        seq,
        body,
        state,
        priority,
        attempts,
        redelivered,
        sentAt,
        deliverAt: state === "delayed" ? dueAt : undefined,
        expiresAt: Number.isFinite(expiresAt) ? expiresAt : undefined,
        reason,
        groupId,
      };
    }),
    "messages",
  );
  for (const [name, { settings, paused, gone, accepted, schedules }] of model.queues) {
    const queue = state.queues.get(name);
    const [found, expectedOnes] = [queue?.schedules.values() ?? [], schedules.values()].map((some) => [...some]);
    same(
      (found as Schedule[]).map(({ spec, bodySeq, nextAt }) => ({ spec, body: contents.get(bodySeq), nextAt })),
      expectedOnes,
      "schedules",
    );
    if (queue === undefined) {
      same(accepted, 0, `messages of queue ${name}, which is unknown`);
      continue;
    }
    const { counters } = queue;
    same(
      [counters.accepted, counters.acked, counters.purged, counters.replaced, counters.quarantined],
      [accepted, gone.acked, gone.purged, gone.replaced, gone.quarantined],
      "counters",
    );
    same([queue.pausedByUser, sorted(queue.settings)], [paused, sorted(settings)], "settings");
  }
  const leases = expected.filter((message) => message.lease);
  same(
    leases.map(({ seq, queue }) => {
      const lease = state.queues.get(queue)?.leased.get(seq);
      return [lease?.grant.client, lease?.grant.id, lease?.grant.mode, lease?.until];
    }),
    leases.map(({ lease }) => [lease?.client, lease?.grant, lease?.mode, lease?.until]),
    "leases",
  );
}

const sorted = ({ backoff, ...settings }: QueueSettings) => [
  Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)),
  Object.entries(backoff).sort(([a], [b]) => (a < b ? -1 : 1)),
];

/** A send fills batches up to their limit, and no further unless one body is larger than that. */
function checkBatches({ command, changes, bodies }: Handled): void {
  if (command.type !== "send") return;
  const stored = changes.filter((change) => change.type === "stored");
  const accepted = changes.filter((change) => change.type === "accepted");
  const sum = (counts: readonly { count: number }[]) => counts.reduce((total, { count }) => total + count, 0);
  const replaced = changes.filter((change) => change.type === "replaced");
  same(sum(stored), sum(accepted) + replaced.length, "bodies stored");
  const seq = stored[0]?.firstSeq ?? 0;
  const sizesStored = bodies?.map((body) => command.sizes[body] as number) ?? command.sizes;
  stored.forEach(({ firstSeq, count, bytes }, i) => {
    const sizes = sizesStored.slice(firstSeq - seq, firstSeq - seq + count);
    const total = sizes.reduce((all, size) => all + size, 0);
    same(bytes, total, "the size of a batch");
    holds(count === 1 || bytes <= BATCH_BYTES_MAX, "a batch is not too large");
    const next = stored[i + 1];
    if (next === undefined) return;
    same(next.firstSeq, firstSeq + count, "the next batch");
    // New bodies of waiting messages stand apart.
    if (next.firstSeq === replaced[0]?.bodySeq) return;
    const first = sizesStored[next.firstSeq - seq] as number;
    holds(bytes + first > BATCH_BYTES_MAX, "a batch is cut only where it is full");
  });
}

const depths = (state: State) => new Map([...state.queues.values()].map((queue) => [queue.name, depthOf(queue)]));

/** No queue grows beyond `maxMessages`; one whose limit was lowered below what it holds does not grow at all. */
function checkBounds(state: State, before: ReadonlyMap<string, number>): void {
  for (const queue of state.queues.values()) {
    const most = Math.max(queue.settings.maxMessages, before.get(queue.name) ?? 0);
    holds(depthOf(queue) <= most, `queue ${queue.name} holds at most ${most}`);
  }
}
