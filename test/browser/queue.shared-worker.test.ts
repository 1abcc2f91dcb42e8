import { describeQueue } from "../contract/queue.contract.js";

describeQueue("SharedWorker and IndexedDB", (database) => ({ database }));
