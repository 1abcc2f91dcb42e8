import { describeQueue } from "./queue.contract.js";

const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);

describeQueue("encrypted, in this process", (database) => ({ storage: "memory", database, encryption: { key } }));
