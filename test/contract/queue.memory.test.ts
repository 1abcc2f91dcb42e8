import { describeQueue } from "./queue.contract.js";

describeQueue("in this process, in memory", (database) => ({ storage: "memory", database }));
