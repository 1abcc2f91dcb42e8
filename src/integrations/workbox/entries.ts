// The entries of one Workbox queue, kept in two queues of OriginMQ: what was pushed, first in first out, and what was
// put in front of it, by a position that falls. Invariants: an entry that was taken is leased until it is confirmed or put
// back, so that it comes back if its worker dies; it is never in the hands of two contexts.
//
//   shift ◀── front (lowest position first) ◀── pushed (in order) ◀── push
//      unshift ──▶                                          └──▶ pop

import type { Connection, Delivery, MessageView, Queue } from "../../index.js";
import type { RequestData } from "./storable-request.js";

export interface StoredEntry {
  readonly requestData: RequestData;
  readonly timestamp: number;
  readonly metadata?: object;
  /** In front of those with a higher one. Missing in what was pushed. */
  readonly position?: number;
}

export type Taken = Delivery<StoredEntry>;

export interface Entries {
  push(entry: StoredEntry): Promise<void>;
  /** Puts an entry in front; with the one it stands for gone in the same commit. */
  unshift(entry: StoredEntry, inPlaceOf?: Taken): Promise<void>;
  shift(isExpired: (entry: StoredEntry) => boolean): Promise<Taken | undefined>;
  pop(isExpired: (entry: StoredEntry) => boolean): Promise<Taken | undefined>;
  /** All that waits, in order, without those that are in somebody's hands. */
  all(isExpired: (entry: StoredEntry) => boolean): Promise<StoredEntry[]>;
  size(): Promise<number>;
}

export const queueNameOf = (name: string): string => `workbox:${name}`;
const frontNameOf = (name: string): string => `workbox:${name}:front`;

/** Longer than any worker may run: a lease ends with its worker, not by time. */
const LEASE_MS = 900_000;
const PAGE = 500;
const EXPIRED = "expired";

/** Ids of what was imported are remembered for as long as hosts of the builds before can, far beyond the life of an entry. */
const WINDOW_MS = 2 ** 31 - 1;

export const openPushed = (connection: Connection, name: string): Promise<Queue<StoredEntry>> =>
  connection.openQueue<StoredEntry>(queueNameOf(name), {
    maxDeliveries: 1_000,
    maxDeadLetters: 1_000_000,
    deduplicationWindowMs: WINDOW_MS,
  });

export async function openEntries(connection: Connection, name: string): Promise<Entries> {
  const pushed = await openPushed(connection, name);
  const front = await connection.openQueue<StoredEntry>(frontNameOf(name), {
    maxDeliveries: 1_000,
    maxDeadLetters: 1_000_000,
  });
  /** One context at a time: what is taken to be looked at and given back must not be missed by another one. */
  const alone = async <T>(run: () => Promise<T>): Promise<T> =>
    navigator.locks.request(`originmq:${queueNameOf(name)}`, run);

  const takeAll = async (queue: Queue<StoredEntry>): Promise<Taken[]> => {
    const all: Taken[] = [];
    for (;;) {
      const taken = await queue.receive({ max: PAGE, leaseMs: LEASE_MS });
      if (taken.length === 0) return all;
      all.push(...taken);
    }
  };
  /** What is given back goes to the front, so the last one goes first. */
  const giveBack = async (taken: readonly Taken[]) => {
    for (const delivery of [...taken].reverse()) await delivery.release();
  };
  const peekAll = async (queue: Queue<StoredEntry>) => {
    const all: MessageView<StoredEntry>[] = [];
    for await (const page of queue.peekPages({ pageSize: PAGE })) all.push(...page);
    return all;
  };
  const entriesOf = async (queue: Queue<StoredEntry>) =>
    (await peekAll(queue)).filter(({ state }) => state !== "leased").map(({ body }) => body);
  const positionOf = ({ position = 0 }: StoredEntry) => position;
  const byPosition = (a: Taken, b: Taken) => positionOf(a.body) - positionOf(b.body);
  const waits = async (queue: Queue<StoredEntry>) => {
    const { ready, delayed, blocked } = await queue.stats();
    return ready + delayed + blocked;
  };

  /** Takes one entry of all; what stood in its way expired. */
  const takeOne = async (
    queue: Queue<StoredEntry>,
    pick: (taken: Taken[]) => Taken | undefined,
    isExpired: (entry: StoredEntry) => boolean,
  ) => {
    const taken = await takeAll(queue);
    for (;;) {
      const picked = pick(taken);
      if (picked === undefined) return undefined;
      taken.splice(taken.indexOf(picked), 1);
      if (isExpired(picked.body)) await picked.deadLetter(EXPIRED);
      else {
        await giveBack(taken);
        return picked;
      }
    }
  };

  const dropExpired = async (queue: Queue<StoredEntry>, isExpired: (entry: StoredEntry) => boolean) => {
    const taken = await takeAll(queue);
    const kept = taken.filter(({ body }) => !isExpired(body));
    for (const delivery of taken) if (isExpired(delivery.body)) await delivery.deadLetter(EXPIRED);
    await giveBack(kept);
  };

  return {
    push: async (entry) => void (await pushed.send(entry)),
    unshift: (entry, inPlaceOf) =>
      alone(async () => {
        const lowest = (await peekAll(front)).reduce((least, { body }) => Math.min(least, positionOf(body)), 0);
        const body = { ...entry, position: lowest - 1 };
        if (inPlaceOf === undefined) await front.send(body);
        else await inPlaceOf.ack({ send: [{ queue: front.name, body }] });
      }),
    shift: (isExpired) =>
      alone(async () => {
        const first = await takeOne(front, (taken) => [...taken].sort(byPosition)[0], isExpired);
        if (first) return first;
        // By far the usual case: one is taken, none is given back.
        for (;;) {
          const [taken] = await pushed.receive({ leaseMs: LEASE_MS });
          if (taken === undefined || !isExpired(taken.body)) return taken;
          await taken.deadLetter(EXPIRED);
        }
      }),
    pop: (isExpired) =>
      alone(
        async () =>
          (await takeOne(pushed, (taken) => taken.at(-1), isExpired)) ??
          (await takeOne(front, (taken) => [...taken].sort(byPosition).at(-1), isExpired)),
      ),
    all: (isExpired) =>
      alone(async () => {
        const read = async () => {
          const inFront = (await entriesOf(front)).sort((a, b) => positionOf(a) - positionOf(b));
          return [...inFront, ...(await entriesOf(pushed))];
        };
        const entries = await read();
        if (!entries.some(isExpired)) return entries;
        await dropExpired(front, isExpired);
        await dropExpired(pushed, isExpired);
        return read();
      }),
    size: () => alone(async () => (await waits(front)) + (await waits(pushed))),
  };
}
