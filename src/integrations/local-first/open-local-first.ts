// Opens a queue that is local first: one on this device, one on the server, a bridge from the first to the second. Loaded
// when it is asked for. Invariant: nothing is copied down. What is sent lies on this device until the server has confirmed
// it, what is taken comes from the server; so no message can be handled on both sides.

import type { ConnectOptions } from "../../client/connection/connect-options.js";
import type { Queue } from "../../client/queue/queue.js";
import type { wrapQueue } from "../../client/queue/wrap.js";
import { asyncDispose } from "../../client/runtime/dispose.js";
import type { Receipt } from "../../client/sending/item.js";
import type { QueueOptions } from "../../client/sending/options.js";
import { QueueError } from "../../core/spec/errors.js";
import { DATABASE_NAME_MAX, DELIVERIES_MAX, DURATION_MS_MAX } from "../../core/spec/limits.js";
import type { QueueStats } from "../../core/view/view.js";
import { type Bridge, bridge } from "../bridge/bridge.js";
import type { BridgeEventMap } from "../bridge/telling.js";
import { carryDelay } from "./delays.js";
import type { LocalFirstOptions, LocalFirstQueue, LocalReceipt } from "./local-first-queue.js";
import { toServer } from "./server-target.js";
import { tellContexts } from "./telling-contexts.js";

/** What it is built on: handed in, so that a page loads none of it twice or in smaller pieces for its sake. */
export interface LocalFirstMeans {
  /** Opens a plain queue. */
  open<Body>(name: string, options: QueueOptions & ConnectOptions): Promise<Queue<Body>>;
  readonly wrapQueue: typeof wrapQueue;
}

/** The queue on this device has these, and no other setting. */
const OWN_SETTINGS: ReadonlySet<string> = new Set<keyof LocalFirstOptions>([
  ...(["maxMessages", "maxBytes", "overflow", "ttlMs", "durability", "schema"] as const),
  ...(["deduplicationWindowMs", "deduplicationMode", "maxDeduplicationIds"] as const),
  ...(["maxDeadLetters", "onGroupFailure"] as const),
]);
const OF_CONNECTING: ReadonlySet<string> = new Set<keyof LocalFirstOptions>([
  "local",
  "url",
  "token",
  "database",
  "storage",
  "worker",
  "persist",
  "openTimeoutMs",
  "signal",
]);

/** However often a tab dies in the middle of forwarding, and however slow the server is, that is no fault of the message. */
const FORWARDED = { maxDeliveries: DELIVERIES_MAX, handlerTimeoutMs: DURATION_MS_MAX };

/** The server's own figures are not waited for longer than this. */
const LOOK_MS = 2_000;
const CLOSE_MS = 5_000;

/** `options` are checked one by one; here it is seen that they fit together. */
export async function openLocalFirst<Body>(
  { open, wrapQueue }: LocalFirstMeans,
  name: string,
  options: QueueOptions & ConnectOptions,
): Promise<LocalFirstQueue<Body>> {
  const { url, token, signal } = options;
  checkTogether(options);
  const database = databaseOf(options as LocalFirstOptions);
  const { storage, worker, persist, openTimeoutMs, schema } = options;
  const here = { ...given({ storage, worker, persist, openTimeoutMs, signal }), database };
  const local = await open<Body>(name, { ...pick(options, OWN_SETTINGS), ...FORWARDED, ...here });
  // A delivery has its schema's output, and what is forwarded is what was sent.
  const asSent = schema === undefined ? local : await open<Body>(name, here);
  const server = given({ url, token });
  const remote = await open<Body>(name, { ...server, ...given({ schema }), lazy: true });
  const target = toServer(`queue "${name}" at ${url}`, (signal) => open(name, { ...server, signal }));
  return createLocalFirst({ name, database, wrapQueue, local, asSent, remote, target });
}

interface Parts<Body> extends Pick<LocalFirstMeans, "wrapQueue"> {
  readonly name: string;
  readonly database: string;
  readonly local: Queue<Body>;
  /** The same, to forward from. */
  readonly asSent: Queue<Body>;
  readonly remote: Queue<Body>;
  readonly target: ReturnType<typeof toServer>;
}

const OF_THE_BRIDGE: readonly string[] = [
  "forwarded",
  "refused",
  "stalled",
  "flowing",
  "warning",
] satisfies (keyof BridgeEventMap)[];

function createLocalFirst<Body>({
  name,
  database,
  wrapQueue,
  local,
  asSent,
  remote,
  target,
}: Parts<Body>): LocalFirstQueue<Body> {
  const up = bridge(asSent as Queue, target);
  const told = new EventTarget();
  const dispatch = (type: string, detail: unknown) => told.dispatchEvent(new CustomEvent(type, { detail }));
  const telling = tellContexts(`originmq:local-first:${JSON.stringify([database, name])}`, ({ type, detail }) =>
    dispatch(type, detail),
  );
  for (const type of ["forwarded", "refused"] as const) {
    up.addEventListener(type, ({ detail }) => {
      dispatch(type, detail);
      telling.tell({ type, detail } as Parameters<typeof telling.tell>[0]);
    });
  }
  for (const type of ["stalled", "flowing", "warning"] as const) {
    up.addEventListener(type, ({ detail }) => dispatch(type, detail));
  }
  const lookAtServer = createLook(remote, up);
  const ofType = (type: string) => (OF_THE_BRIDGE.includes(type) ? told : (local as unknown as EventTarget));

  const { consume, receive, deliveries, readable, consumeUntilEmpty, request, schedules } = remote;
  const wrapped = wrapQueue(remote, {
    ...local,
    ...{ consume, receive, deliveries, readable, consumeUntilEmpty, request, schedules },
  });
  const queue: LocalFirstQueue<Body> = Object.assign(wrapped, {
    local,
    remote,
    send: async (body: Body, options?: Parameters<typeof local.send>[1]) =>
      hereOnly(await local.send(body, options && carryDelay(options, "send()"))),
    async sendBatch(...[items, options]: Parameters<typeof local.sendBatch>) {
      // What is no list of messages, `local` says.
      const carried = Array.isArray(items)
        ? items.map((item, i) => (item ? carryDelay(item, `sendBatch(items)[${i}]`) : item))
        : items;
      return (await local.sendBatch(carried, options)).map(hereOnly);
    },
    writable: (options?: Parameters<typeof local.writable>[0]) =>
      local.writable(options && carryDelay(options, "writable()")),
    async stats() {
      const [here, there] = await Promise.all([local.stats(), lookAtServer()]);
      return { ...here, bridge: up.stats(), remote: there };
    },
    addEventListener: (type: string, listener: EventListener, options?: boolean | AddEventListenerOptions) =>
      ofType(type).addEventListener(type, listener, options),
    removeEventListener: (type: string, listener: EventListener, options?: boolean | EventListenerOptions) =>
      ofType(type).removeEventListener(type, listener, options),
    async delete() {
      await up.close({ waitMs: 0 });
      const deleted = await local.delete();
      await queue.close();
      return deleted;
    },
    async close(options: { readonly force?: boolean } = {}) {
      await Promise.all([up.close({ waitMs: options.force ? 0 : CLOSE_MS }), remote.close(options)]);
      target.close();
      telling.close();
      await Promise.all([local.close(options), asSent.close(options)]);
    },
    [asyncDispose]: () => queue.close(),
  });
  return queue;
}

const hereOnly = (receipt: Receipt): LocalReceipt => ({ ...receipt, where: "local" });

/** One question at a time, however often somebody looks while the server does not answer. */
function createLook(remote: Queue, up: Bridge): () => Promise<QueueStats | null> {
  let asking: Promise<QueueStats | null> | undefined;
  return async () => {
    if (up.stats().state !== "flowing") return null;
    asking ??= remote
      .stats()
      .catch(() => null)
      .finally(() => {
        asking = undefined;
      });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), LOOK_MS);
    });
    return Promise.race([asking, late]).finally(() => clearTimeout(timer));
  };
}

/** By the server's address: it meets neither the application's own queues nor what waits for another server. */
function databaseOf({ database = "originmq", url }: LocalFirstOptions): string {
  const name = `${database}@${new URL(url).href}`;
  if (name.length <= DATABASE_NAME_MAX) return name;
  throw new QueueError(
    "invalid-argument",
    `openQueue().database and .url, which name what is kept on this device, must have ${DATABASE_NAME_MAX - 1} characters together at most`,
    { detail: { name: "database" } },
  );
}

function checkTogether(options: QueueOptions & ConnectOptions): void {
  const refuse = (name: string, why: string): never => {
    throw new QueueError("invalid-argument", `openQueue().${name} ${why}`, { detail: { name } });
  };
  if (options.url === undefined) refuse("local", "keeps what is sent to a server, whose url is missing");
  const others = Object.entries(options).filter(([name, value]) => value !== undefined && !OF_CONNECTING.has(name));
  for (const [name] of others) {
    if (name === "lazy") refuse(name, "is not for a queue that is local first: it forwards from the beginning");
    if (!OWN_SETTINGS.has(name)) {
      refuse(name, "is a setting of the server's queue: open it by its url alone, with the right to manage it");
    }
  }
  if (options.storage === "memory" || typeof indexedDB !== "undefined") return;
  throw new QueueError(
    "unsupported",
    'what waits for a server is kept by a browser, and this is none: say storage "memory", which keeps it as long as this process lives, or open a server here (originmq/server) and a bridge from its queue (originmq/bridge)',
    { detail: { missing: ["IndexedDB"] } },
  );
}

const pick = (options: object, names: ReadonlySet<string>): object =>
  Object.fromEntries(Object.entries(options).filter(([name]) => names.has(name)));

/** Without what is `undefined`: under exact types that is no value of an option that may be left out. */
const given = <T extends object>(options: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
