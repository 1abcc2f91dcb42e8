// What the tests see of their pages, and what the pages report. A report leaves the page before the fact it tells of
// can be lost with it: a delivery is reported before its handler goes on.

import type { Connection, ConnectOptions, openQueue, Queue, QueueOptions } from "../../../src/index.js";

export type Report = (
  | { readonly type: "sending"; readonly body: string; readonly groupId?: string; readonly delayMs?: number }
  | { readonly type: "sent"; readonly body: string; readonly id: string }
  | { readonly type: "refused"; readonly body: string; readonly code: string; readonly message: string }
  | (OfDelivery & { readonly type: "delivered" })
  | (OfDelivery & { readonly type: "settling" })
  | (OfDelivery & { readonly type: "acked" })
  | (OfDelivery & { readonly type: "unsettled"; readonly code: string })
) & {
  /** Who hosted, as far as the reporter knew; 0 for nobody. */
  readonly epoch: number;
  /** Epoch milliseconds at which it was written. It may be on its way for long: a page may be put to sleep. */
  readonly wroteAt: number;
};

export interface OfDelivery {
  readonly body: string;
  readonly id: string;
  readonly attempt: number;
  /** The token of its hand-out. */
  readonly grant: string;
}

export interface OpenOptions extends QueueOptions {
  readonly database?: string;
  readonly queue?: string;
  /** The page's own worker hosts, as where there is no SharedWorker. */
  readonly dedicated?: boolean;
  /** With a key, the same for each page and its service worker. */
  readonly encrypted?: boolean;
  /** It stops at a step of its store until the site opens the gate. */
  readonly gated?: { readonly gate?: string; readonly skip?: number; readonly records: number };
}

export interface ConsumeLoad {
  readonly handlerMs?: number;
  /** So long for each twentieth message of a producer. */
  readonly slowMs?: number;
  readonly concurrency?: number;
  readonly prefetch?: number;
  /** Handlers of bodies with this text never end. */
  readonly stuckOn?: string;
  /** Handlers do not end before `letGo`. */
  readonly isHeld?: boolean;
}

export interface ProduceLoad {
  /** Wait between two sends. */
  readonly everyMs?: number;
  /** Messages sent at once. */
  readonly burst?: number;
}

export interface Lab {
  connect(options?: ConnectOptions): Promise<Connection>;
  readonly openQueue: typeof openQueue;
  /** The connection and queue of this page. */
  readonly connection: Connection;
  readonly queue: Queue<string>;
  /** Types and reasons of the events `outdated`, `datalost` and `hostchange`, in order. */
  readonly events: { readonly type: string; readonly reason?: string }[];
  /** Opens them; resolves with who hosts. */
  open(options?: OpenOptions): Promise<string | undefined>;
  host(): { readonly kind: string; readonly epoch: number } | undefined;
  /** Sends so many; resolves with the codes of those that failed. */
  send(count: number, options?: { readonly bytes?: number }): Promise<string[]>;
  startProducing(load?: ProduceLoad): void;
  /** How often this page came back from the back/forward cache. */
  readonly wakes: number;
  /** Resolves when every send has its answer. */
  stopProducing(): Promise<void>;
  startConsuming(load?: ConsumeLoad): void;
  /** Handlers end that were held. */
  letGo(): void;
  stopConsuming(): Promise<void>;
  /** Asks the service worker of this page. */
  askServiceWorker<T>(request: ServiceWorkerRequest): Promise<T>;
  registerServiceWorker(): Promise<void>;
}

/** `url`: of a database on a server, in place of that of this origin. */
export type ServiceWorkerRequest =
  | { readonly op: "send"; readonly bodies: readonly string[]; readonly delayMs?: number; readonly url?: string }
  | {
      readonly op: "drain";
      readonly budgetMs: number;
      readonly handlerMs?: number;
      readonly delayMs?: number;
      readonly url?: string;
      /** With the key that pages have. */
      readonly encrypted?: boolean;
    }
  /** By a queue that is local first: all that waits on this device goes to the server, these with it. */
  | { readonly op: "forward"; readonly bodies: readonly string[]; readonly url: string }
  /** What was handled since the service worker was started, and who hosted when each handler began. */
  | { readonly op: "handled" };

export interface Handled {
  readonly id: string;
  readonly body: string;
  readonly attempt: number;
  readonly host: string;
}

declare global {
  var lab: Lab;
  /** Given by the tests to each page. */
  var report: ((report: Report, number: string, tab: string) => Promise<void>) | undefined;
}
