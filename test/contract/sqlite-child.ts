// A process that writes to the file that it is given until it is killed, and says on its output what was confirmed.

import { openSqliteStore } from "../../src/store/sqlite/open-store.js";
import { writeForever } from "./kill-writer.js";

const store = await openSqliteStore(process.argv[2] ?? "");
await writeForever(store, (said) => new Promise((done) => process.stdout.write(`${JSON.stringify(said)}\n`, done)));
