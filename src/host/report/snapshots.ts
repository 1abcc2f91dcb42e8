// A queue as it was at one moment, however long that is read: what there was of it is noted, and the bodies stay in the store
// until it is over. Invariant: while one is held nothing is deleted or moved that it refers to; what nobody goes on with ends
// by itself.

import { advance } from "../../core/commands/clock.js";
import { countWithin } from "../../core/log/count-within.js";
import { idOf } from "../../core/log/ids.js";
import type { Seq } from "../../core/log/journal.js";
import { QueueError } from "../../core/spec/errors.js";
import type { MessageState } from "../../core/spec/message-states.js";
import type { Instant } from "../../core/spec/time.js";
import type { QueueState } from "../../core/state/state.js";
import { listDead, type MessageEntry, peek } from "../../core/view/view.js";
import type { MessagePage } from "../../link/rpc/views.js";
import type { HostRequest, Snapshot } from "../../link/rpc/wire.js";
import type { LogStore } from "../../store/log-store.js";
import { openBatch, type StoredMessage } from "../delivery/bodies.js";
import type { Loop } from "../engine/loop.js";
import type { Platform } from "../engine/platform.js";
import { readable } from "../engine/readable.js";
import { bytesIn, pageOf } from "./reads.js";

/** One that nobody reads on for so long is given up, and any after so long. */
const IDLE_MS = 60_000;
const READING_MS_MAX = 3_600_000;
/** That one client may have at once. */
const HELD_MAX = 8;

export interface Snapshots {
  /** Something refers to bodies that the state may not need any more. */
  readonly isHeld: boolean;
  take(client: string, request: Extract<HostRequest, { op: "snapshot" }>): Promise<Snapshot>;
  /** Rejects with `host-lost` where it is over, or was another host's. */
  page(client: string, request: Extract<HostRequest, { op: "snapshot-page" }>, bytesMax?: number): Promise<MessagePage>;
  end(client: string, waiter: string): void;
  endAll(): void;
}

interface Noted {
  readonly entry: MessageEntry;
  readonly id: string;
  /** The batch that has its body. */
  readonly key: Seq | undefined;
  /** Of its body, by estimate. */
  readonly bytes: number;
}

interface Held {
  readonly client: string;
  readonly noted: readonly Noted[];
  readonly takenAt: Instant;
  cancelTimer(): void;
}

export interface SnapshotsParts extends Pick<Platform, "now" | "setTimer"> {
  readonly loop: Pick<Loop, "read">;
  readonly store: LogStore;
  readonly pageBytesMax: number;
  /** None is held any more. */
  onFree(): void;
}

/** Dead letters behind the others, in the order they died. */
function entriesOf(queue: QueueState, states: readonly MessageState[]): MessageEntry[] {
  const max = Number.POSITIVE_INFINITY;
  const others = peek(queue, { max, states: states.filter((state) => state !== "dead"), after: 0 });
  return states.includes("dead") ? [...others, ...(listDead(queue, max, 0) ?? [])] : others;
}

export function createSnapshots({ loop, store, now, setTimer, pageBytesMax, onFree }: SnapshotsParts): Snapshots {
  const held = new Map<string, Held>();
  const keyOf = (client: string, waiter: string) => JSON.stringify([client, waiter]);

  const drop = (key: string) => {
    held.get(key)?.cancelTimer();
    if (held.delete(key) && held.size === 0) onFree();
  };

  const hold = (key: string, one: Omit<Held, "cancelTimer">) => {
    held.get(key)?.cancelTimer();
    held.set(key, { ...one, cancelTimer: setTimer(() => drop(key), IDLE_MS) });
  };

  const read = async (wanted: readonly Noted[]): Promise<(StoredMessage | undefined)[]> => {
    const keys = [...new Set(wanted.flatMap(({ key }) => key ?? []))];
    const opened = new Map((await readable(store, keys)).map((batch) => [batch?.firstSeq, batch && openBatch(batch)]));
    return wanted.map(({ key, entry }) => opened.get(key)?.(entry.bodySeq));
  };

  return {
    get isHeld() {
      return held.size > 0;
    },
    take: (client, { waiter, queue: name, states }) =>
      loop.read((state) => {
        if ([...held.values()].filter((one) => one.client === client).length >= HELD_MAX)
          throw new QueueError("full", `this client reads ${HELD_MAX} queues of one moment already`);
        advance(state, now());
        const queue = state.queues.get(name);
        const entries = queue ? entriesOf(queue, states) : [];
        const bytesOf = bytesIn(state.batches);
        const noted = entries.map((entry): Noted => {
          const key = state.batches.find(entry.bodySeq)?.firstSeq;
          return { entry, id: idOf(state, entry.seq), key, bytes: bytesOf(entry) };
        });
        hold(keyOf(client, waiter), { client, noted, takenAt: now() });
        return { count: noted.length };
      }),
    async page(client, { waiter, from, max }, bytesMax = pageBytesMax) {
      const key = keyOf(client, waiter);
      const one = held.get(key);
      if (one === undefined || now() > one.takenAt + READING_MS_MAX) {
        drop(key);
        throw new QueueError("host-lost", "what was read of one moment is over: begin again");
      }
      hold(key, one);
      const rest = one.noted.slice(from, from + max);
      const wanted = rest.slice(
        0,
        countWithin(rest, bytesMax, ({ bytes }) => bytes),
      );
      const [entries, ids] = [wanted.map(({ entry }) => entry), wanted.map(({ id }) => id)];
      return pageOf(entries, ids, await read(wanted), { bytesMax, isCut: wanted.length < rest.length });
    },
    end: (client, waiter) => drop(keyOf(client, waiter)),
    endAll() {
      for (const key of [...held.keys()]) drop(key);
    },
  };
}
