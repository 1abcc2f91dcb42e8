import { openQueue } from "originmq";
import { createQueueStore } from "originmq/store";

/** Pages to be kept: the same queue in the popup and in the offscreen document. */
export const pages = createQueueStore(() => openQueue("pages", { maxDeliveries: 20 }));
