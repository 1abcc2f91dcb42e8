// What happens to a client's host, for those in the client who want to know.

import type { QueueError } from "../../core/spec/errors.js";
import type { DataLoss } from "../../link/rpc/views.js";

export type ClientEvent =
  /** A host has accepted this client; `isAnother`: after another one. */
  | { readonly type: "connected"; readonly isAnother: boolean }
  /** Messages were found missing. */
  | { readonly type: "datalost"; readonly loss: DataLoss }
  /** A newer build hosts, and this one cannot talk to it, or cannot read what it stored. */
  | { readonly type: "outdated"; readonly reason: QueueError };
