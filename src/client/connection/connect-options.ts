// How a caller says to which host its queues connect.

import {
  abortSignal,
  aFunction,
  boolean,
  type Check,
  duration,
  invalid,
  oneOf,
  type Spec,
  string,
} from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import { LABEL_MAX } from "../../core/spec/limits.js";

/** Whose queues, where they are kept, and who hosts them. */
export interface ConnectOptions {
  /** Name of the database; queues of one database share a host. Default "originmq". */
  readonly database?: string;
  /**
   * Makes the worker that hosts, for bundlers that must see it, and for pages that may not start the package's own by
   * its address (docs/contexts.md). A dedicated Worker is started only when nobody else hosts; where a SharedWorker cannot
   * host, the package's dedicated worker does. Default: the SharedWorker that comes with this package, or its dedicated
   * worker where there is none.
   */
  readonly worker?: () => SharedWorker | Worker;
  /**
   * `memory` keeps nothing when its host ends; in Node, Deno and Bun, whatever stands in for a browser there, and where
   * there are no workers, the host then runs in this process. Default "indexeddb".
   */
  readonly storage?: "indexeddb" | "memory";
  /**
   * Address of a server's database, `wss://HOST/mq/DATABASE`: it hosts, in place of this origin. Excludes `database`,
   * `storage`, `worker`, `persist` and `openTimeoutMs`. Queues of one address share a connection if they have the same function as `token`;
   * in Cloudflare's Workers they do not, since a socket there serves one event.
   */
  readonly url?: string;
  /** What the server lets this client in for; asked for each time that it connects. With `url` only. */
  readonly token?: () => string | Promise<string>;
  /** Connects with the first call that needs the host; until then the queue only listens to events. Default false. */
  readonly lazy?: boolean;
  /**
   * Asks the browser to keep the origin's data when space runs out. Only pages can ask. Nothing waits for the answer,
   * which may be the user's: it is `connection.persisted`. Default false.
   */
  readonly persist?: boolean;
  /**
   * What inspectors call this context, as "Checkout, /cart": whoever may inspect the database sees it. Of contexts that
   * share a connection, the first says it. Default: none.
   */
  readonly label?: string;
  /**
   * How long a call waits while the browser cannot open the database, before it rejects with `storage-failed`, or with
   * `host-lost` where a host had heard of it and may have stored it. Each call waits that long of its own; consumers, and what they
   * settle, wait for as long as it takes, and go on by themselves. Default 30,000.
   */
  readonly openTimeoutMs?: number;
  /**
   * Encrypts what is sent before it leaves this context, and opens it only where it is received: the host, the disk and a
   * server see ciphertext. Whoever opens a queue that is encrypted gives the same key; a queue that holds something stays
   * what it is. Of a database there is one key. Rejects with `wrong-key` where it is another, `encrypted` where the queue
   * is not encrypted, or is opened without a key. Not with `lazy` or `local`. docs/encryption.md says what is hidden.
   * `required`, where there should be a key and is none: rejects with `encrypted`, and nothing is opened without. Default: none.
   */
  readonly encryption?: Encryption | "required";
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
}

/** What the key of a database is wrapped with. */
export type Encryption =
  /** AES-GCM, for `encrypt` and `decrypt`; it need not be extractable. */
  | { readonly key: CryptoKey }
  /**
   * Asked for once a connection, when its host is there: the user may have to unlock it first. Until it answers, whatever opens
   * waits; what it throws, that rejects with.
   */
  | {
      readonly key: () => AskedKey | Promise<AskedKey>;
      /**
       * `send`: what opens does not wait for the answer, but where the database is new, or nobody has asked for this before: until it
       * is there, it is `locked`. What is sent is accepted and durable, unless it has a group or a deduplication id, which waits, and
       * so does whatever else needs the key: deliveries, above all. Whoever can write to the database can then send to it, too. Default: none.
       */
      readonly whileLocked?: "send";
    }
  /** `iterations` of PBKDF2 with SHA-256: stored, and raised when it is opened with more; more than 10,000,000 are done for who says as many. Default 600,000. */
  | { readonly password: string; readonly iterations?: number }
  /** A key that this origin makes and keeps, not extractable, in IndexedDB: protects from who reads the disk, and from nobody else. */
  | { readonly generate: true };

/** What a function that is asked for a key may answer. */
export type AskedKey = CryptoKey | { readonly password: string; readonly iterations?: number };

/** Of a connection of its own. */
export interface ConnectionOptions extends ConnectOptions {
  /**
   * The event `storagelow` tells when less than this part of what the browser lets the origin store is left, 0 to 1. Excluded
   * with `url`. Default 0.1.
   */
  readonly lowStorage?: number;
}

const ADDRESS = /^wss?:[^?#]+\/mq\/[^/?#]+$/;
const socketAddress: Check = (value, name) => {
  const isAddress = typeof value === "string" && URL.canParse(value) && ADDRESS.test(new URL(value).href);
  if (!isAddress) invalid(name, value, "an address like wss://HOST/mq/DATABASE");
};

const OF_THIS_ORIGIN = ["database", "storage", "worker", "persist", "openTimeoutMs", "lowStorage"] as const;

/** Throws `invalid-argument` where options exclude each other. */
export function checkAddress(where: string, { url, ...options }: ConnectionOptions): void {
  const others = url ? OF_THIS_ORIGIN : (["token"] as const);
  const other = others.find((name) => options[name] !== undefined);
  if (!other) return;
  const why = url
    ? "says where this origin hosts, and url that a server does"
    : "is for a server, whose url is missing";
  throw new QueueError("invalid-argument", `${where}.${other} ${why}`, { detail: { name: other } });
}

export const CONNECT_SPEC: Spec = {
  database: string(1, 256),
  worker: aFunction,
  storage: oneOf("indexeddb", "memory"),
  url: socketAddress,
  token: aFunction,
  lazy: boolean,
  persist: boolean,
  label: string(1, LABEL_MAX),
  openTimeoutMs: duration(),
  /** For the part that encrypts to say. */
  encryption() {},
  signal: abortSignal,
};

export const CONNECTION_SPEC: Spec = {
  ...CONNECT_SPEC,
  lowStorage: { kind: "number", min: 0, max: 1, isWhole: false },
};
