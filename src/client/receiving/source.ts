// What receiving needs of the client that it is part of.

import type { QueueError } from "../../core/spec/errors.js";
import type { HandOut } from "../../link/rpc/wire.js";
import type { Runtime } from "../runtime/runtime.js";
import type { Holdings } from "./holding.js";

export interface Source {
  readonly runtime: Runtime;
  readonly holdings: Holdings;
  /** Aborts with the reason once there will be no host any more. */
  readonly over: AbortSignal;
  registerConsumer(
    queue: string,
    limits: {
      readonly prefetch: number;
      readonly concurrency?: number;
      readonly singleActive?: boolean;
      readonly sealed?: string;
    },
    onHandOut: (handOut: HandOut) => void,
    /** The host does not let this client consume. `isTold`: somebody has heard why. */
    onRefused: (reason: QueueError, isTold?: boolean) => void,
  ): Registration;
}

/** What a queue stops when it is closed. `force`: without waiting for what it runs. */
export interface Stoppable {
  stop(options?: { readonly force?: boolean }): Promise<void>;
}

export interface Registration {
  setPrefetch(prefetch: number): void;
  /** Resolves when the host sends nothing more. */
  cancel(): Promise<void>;
}
