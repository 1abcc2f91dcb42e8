// Where the pages of a world find their host: a browser's origin, or a server.

import type { ClientParts } from "../../src/client/connection/client.js";
import type { StoreFault } from "./faulty-store.js";
import type { Random } from "./random.js";
import type { Context, Scheduler } from "./scheduler.js";

/** What hosts, or may: a worker, or a server's process. */
export interface Worker {
  readonly url: string;
  readonly context: Context;
}

/** What a client takes from its site. */
export interface PageParts extends Omit<ClientParts, "lifecycle" | "rest" | "runtime"> {
  /** Milliseconds by which the page's clock differs from the world's. */
  readonly clockMs: number;
  /** The page was put to sleep. */
  onAsleep(): void;
}

export interface Site {
  /** Milliseconds by which the host's wall clock was moved. */
  clockMs: number;
  readonly workers: ReadonlyMap<string, Worker>;
  uuid(): string;
  /** What the first pages' addresses are drawn from, and those of later ones. */
  pickUrl(isLater: boolean): string;
  clientParts(page: Context, url: string): PageParts;
  /** The last page of this URL is gone. */
  onLeft(url: string): void;
}

export interface SiteParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly isNoticeLost: () => boolean;
  /**
   * Of an origin whose hosts differ in rank, and whose channels miss what is posted in their first moments. Its chance is
   * its own: other worlds stay what they were.
   */
  readonly ranked?: Random | undefined;
  /** Asked before each write. */
  readonly nextFault: () => StoreFault | undefined;
  /** The browser has lost its storage. */
  readonly isOut: () => boolean;
  readonly onHost: (worker: Worker) => void;
  readonly onEnd: (worker: Worker, error: unknown) => void;
}
