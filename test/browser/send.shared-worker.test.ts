import { bySend } from "../contract/by-send.js";
import { describeQueue } from "../contract/queue.contract.js";

describeQueue("sent to by originmq/send, SharedWorker and IndexedDB", (database) => ({ database }), bySend);
