// Put before a script under test: tells the site each record of a journal once its transaction is complete, whichever
// kind of context hosts. Invariant: it knows the stored form alone, so that any build of the host can be listened to.

import type { JournalRecord } from "../../../src/core/log/journal.js";
import { type Told, tell } from "./tell.js";

/** Commits told at once. A host that is killed takes what is younger along. */
const GATHER_MS = 10;

let gathered: Told[] = [];

function note(record: JournalRecord) {
  if (gathered.length === 0) {
    setTimeout(() => {
      void tell(gathered);
      gathered = [];
    }, GATHER_MS);
  }
  gathered.push({ type: "committed", record });
}

const { add } = IDBObjectStore.prototype;
IDBObjectStore.prototype.add = function (value: JournalRecord, key?: IDBValidKey) {
  if (this.name === "journal") this.transaction.addEventListener("complete", () => note(value));
  return add.call(this, value, key);
};
