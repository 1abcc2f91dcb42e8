// The memory store passes the contract in Node.

import type { CheckpointChunk } from "../../src/store/log-store.js";
import { createMemoryDisk, createMemoryStore } from "../../src/store/memory/memory.js";
import { describeLogStore } from "./log-store.contract.js";

describeLogStore("memory", {
  createDisk() {
    const disk = createMemoryDisk();
    return {
      store: (onStep) => createMemoryStore(onStep === undefined ? { disk } : { disk, onStep }),
      async restore({ format, epoch, pointer, records }) {
        Object.assign(disk, { format, epoch, pointer });
        for (const { store, key, value } of records) {
          if (store === "checkpoint") {
            const [generation, index] = key as [number, number];
            const chunks = disk.checkpoints.get(generation) ?? [];
            disk.checkpoints.set(generation, chunks);
            chunks[index] = value as CheckpointChunk;
          } else disk[store].set(key as number, value as never);
        }
      },
      async keepOne(when) {
        const { generation, uptoLsn, chunks } = disk.pointer;
        for (const key of [...disk.checkpoints.keys()]) if (key < generation) disk.checkpoints.delete(key);
        if (when === "take-over") return;
        for (const lsn of [...disk.journal.keys()]) if (lsn <= uptoLsn) disk.journal.delete(lsn);
        disk.pointer = { generation, uptoLsn, chunks };
      },
      async setFormat(format) {
        disk.format = format;
      },
      async dump() {
        const chunks = [...disk.checkpoints.values()].reduce((sum, list) => sum + list.length, 0);
        const sorted = (keys: Iterable<number>) => [...keys].sort((a, b) => a - b);
        return {
          journal: sorted(disk.journal.keys()),
          bodies: sorted(disk.bodies.keys()),
          chunks,
          epoch: disk.epoch,
          trials: 0,
          format: disk.format,
        };
      },
    };
  },
  async dispose() {},
});
