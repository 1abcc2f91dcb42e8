// The host's one loop:
//
//   commands ─▶ inbox ─▶ turn: decide, apply, plan hand-outs ─▶ commit ─▶ reply, deliver, announce ─┐
//                 ▲              (what arrives meanwhile waits in the inbox)                        │
//                 └─────────────────────────────────────────────────────────────────────────────────┘
//
// Invariants: one commit at a time; reads and exclusive tasks run between turns, where the working state is what is
// stored.

import { nextWakeUp } from "../../core/commands/due.js";
import { countWithin } from "../../core/log/count-within.js";
import { QueueError } from "../../core/spec/errors.js";
import { RECORD_BYTES_MAX } from "../../core/spec/limits.js";
import type { Reading } from "../../core/spec/time.js";
import type { State } from "../../core/state/state.js";
import { deferred } from "../../link/rpc/deferred.js";
import type { Engine, Turn, TurnParts } from "./engine.js";
import type { Platform } from "./platform.js";
import type { Work } from "./proposal.js";

/** Due work is looked for at least this often, whatever the timers do, unless the platform says otherwise. */
const RESCAN_MS = 60_000;
/** Pause after a commit that the store refused although nobody asked for it. */
const REFUSED_RETRY_MS = 1_000;

export interface Loop {
  push(work: Work): void;
  /** Runs a turn soon, because who waits for messages has changed. */
  poke(): void;
  /** Reads the state when nothing uncommitted is in it. */
  read<T>(read: (state: State) => T): Promise<T>;
  /** Runs a task while no turn runs. */
  exclusive<T>(task: () => Promise<T>): Promise<T>;
  /** Resolves when the first turn is taken, of what was stored. */
  readonly begun: Promise<void>;
  /** Resolves when closed; rejects when the engine can go on no longer. */
  readonly ended: Promise<void>;
  /** Finishes the turn under way, and decides what has arrived, and stops. */
  close(): Promise<void>;
}

export interface LoopParts<Plan> extends TurnParts<Plan> {
  readonly engine: Engine;
  readonly platform: Platform;
  /** Called with each turn that became durable, before the next begins. */
  onTurn(turn: Turn<Plan>): void;
  /** When somebody who waits must be answered, whatever happens. */
  nextDeadline(): Reading;
}

interface Task {
  run(): Promise<void>;
  reject(reason: QueueError): void;
}

/** Estimated bytes of the bodies that it stores. */
function bytesOf({ command }: Work): number {
  const sends = command.type === "transaction" ? command.sends : "sizes" in command ? [command] : [];
  return sends.reduce((sum, { sizes }) => sizes.reduce((all, size) => all + size, sum), 0);
}

const closedError = () => new QueueError("host-lost", "the host has ended");

export function startLoop<Plan>(parts: LoopParts<Plan>): Loop {
  const { engine, platform, onTurn, nextDeadline } = parts;
  const inbox: Work[] = [];
  let tasks: Task[] = [];
  let isPoked = true;
  let isClosed = false;
  let wake = () => {};
  let cancelTimer = () => {};
  const begun = deferred();

  const poke = () => {
    isPoked = true;
    wake();
  };

  const sleep = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });

  const setTimer = (ms: number) => {
    cancelTimer();
    cancelTimer = platform.setTimer(poke, Math.max(0, ms));
  };

  const takeTurn = async () => {
    // Cut before what has bodies, or behind what has too many alone: what was pushed together without any stays together.
    const works = inbox.splice(0, countWithin(inbox, RECORD_BYTES_MAX, bytesOf));
    isPoked = inbox.length > 0;
    const turn = await engine.turn(works, parts);
    if (turn) onTurn(turn);
    return turn;
  };

  const run = async () => {
    while (!isClosed) {
      if (!isPoked) await sleep();
      const turn = await takeTurn();
      begun.resolve();
      // What is done leaves before the next turn begins, and what has arrived meanwhile takes part in it.
      if (isPoked) await new Promise<void>(platform.afterTurn);
      const asked = tasks;
      tasks = [];
      for (const task of asked) {
        if (engine.isSound) await task.run();
        else task.reject(closedError());
      }
      const due = nextWakeUp(engine.state) - platform.now();
      const deadline = nextDeadline() - platform.monotonic();
      setTimer(turn ? Math.min(platform.rescanMs ?? RESCAN_MS, due, deadline) : REFUSED_RETRY_MS);
    }
    // A page that leaves gives back what it holds and ends its host in one breath: that must not wait for the next host.
    for (const last = inbox.at(-1); last && inbox.includes(last); ) await takeTurn();
  };

  const enqueue = <T>(task: () => Promise<T> | T): Promise<T> =>
    new Promise((resolve, reject) => {
      if (isClosed) return reject(closedError());
      const run = async () => {
        try {
          resolve(await task());
        } catch (error) {
          reject(error);
        }
      };
      tasks.push({ run, reject });
      poke();
    });

  const ended = run().finally(() => {
    isClosed = true;
    cancelTimer();
    for (const task of tasks.splice(0)) task.reject(closedError());
  });
  // Of a host that could not be made of what is stored nobody waits for its loop, which ends with the store.
  ended.catch(() => {});
  return {
    begun: begun.promise,
    push(work) {
      inbox.push(work);
      poke();
    },
    poke,
    read: (read) => enqueue(() => read(engine.state)),
    exclusive: enqueue,
    ended,
    close() {
      isClosed = true;
      poke();
      return ended.catch(() => {});
    },
  };
}
