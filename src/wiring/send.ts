// `openQueue` of an entry that only sends. How it usually goes stands here; all else is in send-rest.ts, which is loaded a
// moment after the first queue is open, or when it is needed.

import type { ConnectOptions } from "../client/connection/connect-options.js";
import type { EarlyClient, Rest } from "../client/connection/early-client.js";
import { createSharing, type Leave } from "../client/connection/sharing.js";
import type { Queue } from "../client/queue/queue.js";
import { createSender } from "../client/queue/sender.js";
import { asyncDispose } from "../client/runtime/dispose.js";
import type { Later } from "../client/runtime/later.js";
import type { Intake } from "../client/sending/intake.js";
import type { QueueOptions } from "../client/sending/options.js";
import type { StandardSchema } from "../client/sending/schema.js";
import { createUsualIntake } from "../client/sending/usual.js";
import { OWN_QUEUE_PREFIX } from "../link/rpc/own-names.js";
import { beginClient, type StartSharedWorker, sharedAs } from "./begin.js";

export { ofPackage } from "./starting.js";

/** A queue to send to. */
export type SendQueue<Body = unknown> = Pick<
  Queue<Body>,
  "name" | "send" | "sendBatch" | "close" | typeof Symbol.asyncDispose
>;

/** Of a page that only sends: the label of a client is told by the part that receives, and what encrypts is another part. */
export type SendConnectOptions = Omit<ConnectOptions, "label" | "encryption">;
type Options = QueueOptions & SendConnectOptions;

/** What is loaded later. */
export interface SendRest {
  /** Of queues without a schema. */
  readonly intake: Intake;
  createIntake(schema: StandardSchema): Intake;
  /** Throws `invalid-argument`, naming what is wrong. */
  check(name: unknown, options: unknown): void;
  checkClose(options: unknown): void;
  persist(): void;
  of(options: SendConnectOptions): Rest;
  /** Nobody has to hear of it. */
  isForgiven(error: unknown): boolean;
}

const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= 256;
const isFlag = (value: unknown) => value === undefined || typeof value === "boolean";

/** Told at a look. The settings are for the host to check. */
function isUsual(name: unknown, options: Options): boolean {
  if (typeof options !== "object" || options === null || Array.isArray(options)) return false;
  const { database = "originmq", storage = "indexeddb", lazy, persist, signal } = options;
  return (
    isText(name) &&
    !name.startsWith(OWN_QUEUE_PREFIX) &&
    isText(database) &&
    ["indexeddb", "memory"].includes(storage) &&
    isFlag(lazy) &&
    isFlag(persist) &&
    (signal === undefined || signal instanceof AbortSignal) &&
    ["url", "token", "worker", "schema", "local", "openTimeoutMs", "encryption"].every(
      (special) => Reflect.get(options, special) === undefined,
    )
  );
}

export function createSendApi(sharedWorker: StartSharedWorker, rest: Later<SendRest>) {
  const share = createSharing<EarlyClient>();

  /** One more user of the database's client, who calls `leave` once. */
  const join = (options: SendConnectOptions) => {
    const isOwn = (options.url ?? options.worker) !== undefined;
    const create = () => beginClient(options, sharedWorker, async () => (await rest.get()).of(options));
    return share(isOwn ? {} : sharedAs(options), create);
  };

  const open = async <Body>(name: string, options: Options): Promise<SendQueue<Body>> => {
    if (!isUsual(name, options)) (await rest.get()).check(name, options);
    const { database, storage, url, token, worker, lazy, persist, openTimeoutMs, signal, schema, ...settings } =
      options;
    signal?.throwIfAborted();
    if (persist) void rest.get().then((found) => found.persist());
    const intake = schema ? (await rest.get()).createIntake(schema) : createUsualIntake(rest);
    const { client, leave } = join(options);
    const given = Object.entries(settings).filter(([, value]) => value !== undefined);
    try {
      if (!lazy || given.length > 0) await client.configure(name, Object.fromEntries(given), signal);
    } catch (error) {
      await leave();
      // The host refuses what is no setting, and knows nothing of where it was given.
      if (given.length > 0 && error !== signal?.reason) (await rest.get()).check(name, options);
      throw error;
    }
    return createSendQueue<Body>({ name, client, intake, leave, rest });
  };

  return {
    openQueue<Body>(name: string, options: Options = {}): Promise<SendQueue<Body>> {
      const opened: Promise<SendQueue<Body>> = new Promise((resolve, reject) => {
        open<Body>(name, options).then(resolve, (error: unknown) => {
          if (rest.now?.isForgiven(error)) opened.catch(() => {});
          reject(error);
        });
      });
      return opened;
    },
  };
}

function createSendQueue<Body>(parts: {
  readonly name: string;
  readonly client: EarlyClient;
  readonly intake: Intake;
  readonly rest: Later<SendRest>;
  readonly leave: Leave;
}): SendQueue<Body> {
  const { name, client, intake, leave, rest } = parts;
  const sender = createSender<Body>({ name, sending: client, intake });
  let closed: Promise<void> | undefined;
  const queue: SendQueue<Body> = {
    name,
    send: sender.send,
    sendBatch: sender.sendBatch,
    async close(options) {
      if (options !== undefined) (await rest.get()).checkClose(options);
      closed ??= sender.close().then(() => leave(options ?? {}));
      await closed;
    },
    [asyncDispose]: () => queue.close(),
  };
  return queue;
}
