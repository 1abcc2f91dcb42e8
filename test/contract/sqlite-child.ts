// A process that writes until it is killed: each commit has a batch, some delete, rewrite or cut the log. It says on its
// output what was confirmed, after it was.

import type { JournalRecord } from "../../src/core/log/journal.js";
import type { CheckpointChunk } from "../../src/store/log-store.js";
import { openSqliteStore } from "../../src/store/sqlite/open-store.js";

const [file = ""] = process.argv.slice(2);
const store = await openSqliteStore(file);
const record = (epoch: number, lsn: number): JournalRecord => ({ v: 1, lsn, epoch, at: lsn, changes: [] });
const { epoch, lsn: first } = await store.takeOver(({ epoch, lsn }) => record(epoch, lsn));
const say = (what: object) => new Promise((said) => process.stdout.write(`${JSON.stringify(what)}\n`, said));

const bodyOf = (lsn: number) => new Uint8Array(lsn % 7 === 0 ? 40_000 : 200).fill(lsn % 251);
for (let lsn = first + 1; ; lsn++) {
  const batch = { v: 1, encoding: "clone", firstSeq: lsn, sentAt: lsn, bodies: [bodyOf(lsn), { lsn }] } as const;
  await store.commit(record(epoch, lsn), [batch], lsn % 5 === 0 ? "strict" : "relaxed");
  await say({ committed: lsn });
  if (lsn % 4 === 0) {
    await store.deleteBatches([lsn - 3, lsn - 3]);
    await say({ deleted: lsn - 3 });
  }
  if (lsn % 20 === 0) {
    const chunks: CheckpointChunk[] = Array.from({ length: 6 }, (_, at) => ({ v: 1, lsn, at }));
    await store.checkpoint(chunks, lsn - 2);
    await say({ checkpoint: lsn - 2 });
  }
}
