// What happens to a client's host, for those in the client who want to know.

import type { QueueError } from "../../core/spec/errors.js";
import type { DataLoss } from "../../link/rpc/views.js";

export type ClientEvent =
  /** A host has accepted this client; `isAnother`: after another one. */
  | { readonly type: "connected"; readonly isAnother: boolean }
  /** The host it was connected to is gone, or this client has left it. */
  | { readonly type: "disconnected" }
  /** Messages were found missing. */
  | { readonly type: "datalost"; readonly loss: DataLoss }
  /**
   * There will be no host any more, and why: this client was refused for good, or (`outdated`) a newer build hosts, and this
   * one cannot talk to it, or cannot read what it stored.
   */
  | { readonly type: "ended" | "outdated"; readonly reason: QueueError };
