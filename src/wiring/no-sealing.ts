// Where the part that encrypts is not there: it is loaded when it is asked for, and here nothing can be.

import { QueueError } from "../core/spec/errors.js";
import type { ClientStarters } from "./api.js";

/** Rejects with `unsupported`. */
export const noSealing = async (): Promise<never> => {
  throw new QueueError(
    "unsupported",
    'encryption is not for this entry: open the queue with "originmq" in a page or its worker',
    {
      detail: { name: "encryption" },
    },
  );
};

/** Of who connects, and opens no queue by itself. */
export const CONNECTS_ONLY: Pick<ClientStarters, "sealing" | "local"> = { sealing: noSealing, local: noSealing };
