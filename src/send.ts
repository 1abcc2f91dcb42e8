// OriginMQ for pages that only send: the smallest part of it that keeps every promise about a send.

import { later } from "./client/runtime/later.js";
import type { QueueOptions, StandardSchema } from "./index.js";
import type { Opening } from "./link/finding/opening.js";
import { createSendApi, ofPackage, type SendConnectOptions, type SendQueue } from "./wiring/send.js";

export { QueueError } from "./core/spec/errors.js";
export type {
  ConnectOptions,
  ErrorDetail,
  QueueErrorCode,
  QueueOptions,
  Receipt,
  SchemaIssue,
  SchemaResult,
  SendOptions,
  StandardSchema,
} from "./index.js";
export type { SendConnectOptions, SendQueue } from "./wiring/send.js";

/** One worker a database: the same that "originmq" starts. */
const sharedWorker = ({ storage, database }: Opening) => {
  // By these names, and with the address in the call: so bundlers find the files.
  const SharedWorker = ofPackage(globalThis.SharedWorker, `originmq:${storage}:${database}`);
  return new SharedWorker(new URL("./shared-worker.js", import.meta.url), { type: "module" });
};
const dedicatedWorker = () => {
  const Worker = ofPackage(globalThis.Worker);
  return new Worker(new URL("./dedicated-worker.js", import.meta.url), { type: "module" });
};

const api = createSendApi(
  sharedWorker,
  later(async () =>
    (await import("./wiring/send-rest.js")).createSendRest({
      sharedWorker,
      dedicatedWorker,
      inProcess: async (database) => (await import("./wiring/in-process.js")).createInProcess(database),
      socket: async (options) => (await import("./wiring/socket.js")).createSocketWay(options),
    }),
  ),
);

/** `openQueue` of this entry. */
export interface OpenSendQueue {
  <Input, Output>(
    name: string,
    options: QueueOptions & SendConnectOptions & { readonly schema: StandardSchema<Input, Output> },
  ): Promise<SendQueue<Input>>;
  <Body = unknown>(name: string, options?: QueueOptions & SendConnectOptions): Promise<SendQueue<Body>>;
}

/**
 * Opens a queue to send to, new if there is none of that name: the queue that `openQueue` of "originmq" opens under that name,
 * hosted by the same worker. Resolves and rejects as that does.
 */
export const openQueue: OpenSendQueue = api.openQueue;
