// What the six have in common: a bridge from a queue of an edge host, in calls that the other side takes. Bodies are written as
// JSON: whoever sends files or bytes says here how they are written.
//
//   ORIGINMQ_URL    where the host is, ws://127.0.0.1:8080/mq/originmq by default
//   ORIGINMQ_TOKEN  the token of a client that may consume there; none where the host asks for none
//   ORIGINMQ_QUEUE  the queue, "orders" by default

import { openQueue } from "originmq";
import { bridge } from "originmq/bridge";

/** @typedef {import("originmq/bridge").Outcome} Outcome */
/** @typedef {import("originmq/bridge").BridgeMessage & { readonly text: string, readonly bytes: number }} Message */
/**
 * @typedef {object} Session
 * @property {(messages: readonly Message[]) => Promise<readonly Outcome[]>} send all are tried again where it rejects
 * @property {Promise<unknown>} [ended] resolves, with why, when nothing more can be sent over it
 * @property {() => Promise<unknown>} [close]
 *
 * @typedef {object} Limits
 * @property {number} messageBytes
 * @property {number} callMessages
 * @property {number} [callBytes]
 */

/** @type {Outcome} */
export const STORED = { type: "stored" };
/** A dead letter of the queue, with these words. @param {string} reason @returns {Outcome} */
export const refused = (reason) => ({ type: "refused", reason });
/** It is tried again. @param {unknown} error @returns {Outcome} */
export const unknown = (error) => ({ type: "unknown", error });

/** Forwards until this process is told to end. @param {{ name: string, limits: Limits, open: () => Promise<Session> }} target */
export async function forward({ name, limits, open }) {
  const {
    ORIGINMQ_URL: url = "ws://127.0.0.1:8080/mq/originmq",
    ORIGINMQ_QUEUE = "orders",
    ORIGINMQ_TOKEN,
  } = process.env;
  const queue = await openQueue(ORIGINMQ_QUEUE, { url, ...(ORIGINMQ_TOKEN && { token: () => ORIGINMQ_TOKEN }) });
  const up = bridge(queue, {
    name,
    guarantee: "durable",
    async open() {
      const { send, ended = new Promise(() => {}), close } = await open();
      // In turn: over several connections of a client a later call may arrive before an earlier one.
      return { inTurn: true, send: inCalls(limits, send), ended, close: async () => void (await close?.()) };
    },
  });
  up.addEventListener("forwarded", ({ detail }) => console.log(`${detail.ids.length} forwarded to ${name}`));
  up.addEventListener("refused", ({ detail }) => console.warn(`${detail.id} is refused: ${detail.reason}`));
  up.addEventListener("stalled", ({ detail }) => console.warn(`${name}: ${detail.error.message}`));
  for (const signal of ["SIGINT", "SIGTERM"])
    process.once(signal, async () => {
      await up.close();
      await queue.close();
      process.exit(0);
    });
}

/**
 * No call has more than the other side takes, and none follows one of which something is to be sent again: so order holds.
 * @param {Limits} limits @param {Session["send"]} send
 */
function inCalls(limits, send) {
  const { messageBytes } = limits;
  /** @param {readonly import("originmq/bridge").BridgeMessage[]} messages */
  return async (messages) => {
    /** @type {Map<string, Outcome>} */
    const outcomes = new Map();
    const written = messages.map((message) => {
      const text = JSON.stringify(message.body) ?? "null";
      return { ...message, text, bytes: Buffer.byteLength(text) };
    });
    for (const { id, bytes } of written) {
      if (bytes > messageBytes) outcomes.set(id, refused(`it has ${bytes} bytes, of ${messageBytes} that are taken`));
    }
    /** @type {Outcome | undefined} */
    let failure;
    const taken = written.filter(({ id }) => !outcomes.has(id));
    for (const call of cut(taken, limits)) {
      const answers = await send(call).catch((error) => call.map(() => unknown(error)));
      for (const [i, { id }] of call.entries()) outcomes.set(id, /** @type {Outcome} */ (answers[i]));
      failure = answers.find(({ type }) => type === "unknown");
      if (failure) break;
    }
    return messages.map(({ id }) => /** @type {Outcome} */ (outcomes.get(id) ?? failure));
  };
}

/** @param {readonly Message[]} messages @param {Limits} limits */
function* cut(messages, { callMessages, callBytes = Number.POSITIVE_INFINITY }) {
  /** @type {Message[]} */
  let call = [];
  let bytes = 0;
  for (const message of messages) {
    if (call.length === callMessages || (call.length > 0 && bytes + message.bytes > callBytes)) {
      yield call;
      [call, bytes] = [[], 0];
    }
    call.push(message);
    bytes += message.bytes;
  }
  if (call.length > 0) yield call;
}
