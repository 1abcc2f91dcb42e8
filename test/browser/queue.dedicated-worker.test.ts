import { describeQueue } from "../contract/queue.contract.js";

// As where SharedWorker is missing: the first client's worker hosts, the others link to it over channels.
const worker = () => new Worker(new URL("../../src/dedicated-worker.ts", import.meta.url), { type: "module" });

describeQueue("dedicated worker, channels and IndexedDB", (database) => ({ database, worker }));
