import "originmq"; // it brings the worker
import { createOutbox } from "originmq/outbox";
import { createHttpOutboxStore } from "originmq/store";

export interface Note {
  readonly text: string;
}

/** Made with the first component that shows it; from then on it repeats what waits, also of earlier visits. */
export const saves = createHttpOutboxStore(() => createOutbox());
