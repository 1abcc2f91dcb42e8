import { describeQueue } from "../contract/queue.contract.js";

describeQueue("SharedWorker and memory", (database) => ({ storage: "memory", database }));
