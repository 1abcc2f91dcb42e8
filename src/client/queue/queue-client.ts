// What a queue needs of the client that it is opened over.

import type { QueueError } from "../../core/spec/errors.js";
import type { QueueStats } from "../../core/view/view.js";
import type { DataLoss } from "../../link/rpc/views.js";
import type { Requests, RequestsClient } from "../requests/requests.js";

export interface QueueClient extends RequestsClient {
  readonly requests: Requests;
  /** The minor wire version of the host; 0 while there is none. */
  readonly minor: number;
  /** What hosts have named as gone so far: those who begin to listen late hear of it, too. */
  readonly losses: readonly DataLoss[];
  /** Resolves once a host has accepted this client; rejects with why none will. */
  connected(signal?: AbortSignal): Promise<void>;
  /**
   * Calls with the queue's statistics now and when they have changed, or with why this client may not have them; returns what
   * ends that.
   */
  watch(
    queue: string,
    everyMs: number,
    onStats: (stats: QueueStats) => void,
    onRefused: (reason: QueueError) => void,
  ): () => void;
  /** What inspectors call this context from now on. */
  setLabel(label: string): void;
  /** A name for a call that waits at the host, so that it can be cancelled. */
  nextWaiter(): string;
  cancelWaiter(waiter: string): void;
}
