// What a store gives back, where something else has written into it: records and pieces that are read into a state, and
// whole stores that a host opens.

import { decode, encode } from "../../../../src/codec/codec.js";
import { decodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-decode.js";
import { encodeCheckpoint } from "../../../../src/core/checkpoint/checkpoint-encode.js";
import { applyRecord } from "../../../../src/core/commands/apply.js";
import type { JournalRecord } from "../../../../src/core/log/journal.js";
import { QueueError } from "../../../../src/core/spec/errors.js";
import { createState } from "../../../../src/core/state/state.js";
import { createDatabases } from "../../../../src/server/databases.js";
import { connectHere } from "../../../../src/server/local.js";
import { StoreError } from "../../../../src/store/log-store.js";
import { createMemoryDisk, createMemoryStore, type MemoryDisk } from "../../../../src/store/memory/memory.js";
import { recordSession } from "../session.js";
import { rethrowUnless, type Target } from "../target.js";

const listIn = (input: Uint8Array): readonly unknown[] => {
  const list = decode(input);
  return Array.isArray(list) ? list : [];
};

const journalOf = ({ journal }: MemoryDisk) => [...journal.values()];
const chunksOf = ({ checkpoints, pointer }: MemoryDisk) => checkpoints.get(pointer.generation) ?? [];

/** Whatever is wrong with a record, an error says so to whoever reads it. */
export const journal: Target = {
  name: "journal",
  form: "value",
  async seeds() {
    const records = journalOf((await recordSession()).disk);
    const some = Array.from({ length: Math.ceil(records.length / 6) }, (_, i) => records.slice(i * 6, i * 6 + 6));
    return [records, ...some].map((list) => encode(list));
  },
  async open() {
    return (input) => {
      const records = listIn(input);
      const state = createState();
      try {
        for (const record of records) applyRecord(state, record as JournalRecord);
        for (const _ of encodeCheckpoint(state));
      } catch (error) {
        rethrowUnless(error, Error);
      }
      return Math.max(1, records.length);
    };
  },
};

export const checkpoint: Target = {
  name: "checkpoint",
  form: "value",
  seeds: async () => [encode(chunksOf((await recordSession()).disk))],
  async open() {
    return async (input) => {
      const chunks = listIn(input);
      await decodeCheckpoint(chunks).catch((error) => rethrowUnless(error, Error));
      return Math.max(1, chunks.length);
    };
  },
};

interface Image {
  readonly epoch?: unknown;
  readonly pointer?: unknown;
  readonly journal?: unknown;
  readonly chunks?: unknown;
  readonly bodies?: unknown;
}

const imageOf = (disk: MemoryDisk): Image => ({
  ...{ epoch: disk.epoch, pointer: disk.pointer, journal: journalOf(disk), chunks: chunksOf(disk) },
  bodies: [...disk.bodies.values()],
});

const entriesOf = (list: unknown, keyOf: (item: never, i: number) => unknown): [never, never][] =>
  Array.isArray(list) ? list.map((item, i) => [keyOf(item as never, i) as never, item as never]) : [];

/** What stands in the pointer is a number, as it is in a database: it is no record of the host's. */
const placeOf = (number: unknown): number => (Number.isSafeInteger(number) ? Math.abs(number as number) % 2 ** 32 : 0);

function diskOf({ epoch, pointer, journal, chunks, bodies }: Image): MemoryDisk {
  const disk = createMemoryDisk();
  const { generation, uptoLsn } = Object(pointer) as Partial<MemoryDisk["pointer"]>;
  const [first, ofCheckpoint] = [placeOf(uptoLsn) + 1, placeOf(generation)];
  return Object.assign(disk, {
    epoch: placeOf(epoch),
    pointer: { generation: ofCheckpoint, chunks: Array.isArray(chunks) ? chunks.length : 0, uptoLsn: first - 1 },
    journal: new Map(entriesOf(journal, (_, i) => first + i)),
    bodies: new Map(entriesOf(bodies, (batch: { firstSeq?: unknown } | null, i) => batch?.firstSeq ?? i)),
    checkpoints: new Map([[ofCheckpoint, Array.isArray(chunks) ? chunks : []]]),
  });
}

/** A host on a store that is not as it should be: it says so, or serves what there is. */
export const disk: Target = {
  name: "disk",
  form: "value",
  async seeds() {
    const image = imageOf((await recordSession()).disk);
    return [encode(image), encode({ ...image, chunks: [], pointer: { generation: 1, chunks: 0, uptoLsn: 0 } })];
  },
  async open() {
    return async (input) => {
      const image = decode(input);
      if (typeof image !== "object" || image === null) return 1;
      const errors: unknown[] = [];
      const databases = createDatabases({
        openStore: async () => createMemoryStore({ disk: diskOf(image) }),
        reconnectMs: 0,
        report: (error) => errors.push(error),
        upkeep: { checkpointRecords: 4 },
      });
      const expected = [QueueError, StoreError] as const;
      try {
        const isOpen = await databases.open("d").then(
          () => true,
          (error) => rethrowUnless(error, Error),
        );
        if (!isOpen) return 1;
        const connection = await connectHere(() => databases.open("d"));
        try {
          const queue = await connection.openQueue<unknown>("few-1");
          await queue.send("new");
          await queue.peek({ max: 100 });
          for (const delivery of await queue.receive({ max: 10 })) await delivery.ack();
          await queue.stats();
        } finally {
          await connection.close({ force: true });
        }
      } catch (error) {
        rethrowUnless(error, ...expected);
      } finally {
        await databases.close();
      }
      for (const error of errors) rethrowUnless(error, ...expected);
      return 1;
    };
  },
};
