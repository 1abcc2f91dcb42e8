import { describeQueue } from "../contract/queue.contract.js";

const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);

describeQueue("encrypted, over a SharedWorker", (database) => ({ database, encryption: { key } }));
