import { bySend } from "./by-send.js";
import { describeQueue } from "./queue.contract.js";

// Where there are no workers a whole client takes over at once.
describeQueue("sent to by originmq/send, in this process", (database) => ({ storage: "memory", database }), bySend);
