// Messages that cross encrypted: a target that seals what it is given, and a source that opens what it hands over, around any
// other. Invariants: order is kept, although each message is sealed and opened on its own, by other threads; what does not open is
// not forwarded, and nothing is taken from the source for good because of a key that is not the right one.

import type { Encryption } from "../../client/connection/connect-options.js";
import type { Queue } from "../../client/queue/queue.js";
import { anything, arrayOf, checkOptions, invalid, string } from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import { deferred } from "../../link/rpc/deferred.js";
import type { BridgeMessage } from "./message.js";
import { sourceOf, targetOf } from "./sides.js";
import type { BridgeDelivery, BridgeSource } from "./source.js";
import type { BridgeTarget, Outcome } from "./target.js";

/** The key of what crosses: of `connect`, but for one that an origin makes, which opens nothing on the other side. */
export type BridgeEncryption = Exclude<Encryption, { readonly generate: true }>;

/** How messages are sealed. */
export interface ToEncryptedOptions {
  /** Whoever takes them from the other side needs the same. A function is asked when the bridge first opens. */
  readonly encryption: BridgeEncryption;
  /**
   * Names of headers that cross readable beside it: for a `subject` or `topic` that is made of them, or what else an engine routes by.
   * Default: none.
   */
  readonly readable?: readonly string[];
}

/** How messages are opened. */
export interface FromEncryptedOptions {
  /** What they were sealed with. */
  readonly encryption: BridgeEncryption;
}

interface Crossing {
  readonly attributes: Readonly<Record<string, string | number | null>>;
  readonly headers: BridgeMessage["headers"];
  readonly body: unknown;
}
type Seal = {
  seal(crossing: Crossing): Promise<Uint8Array>;
  nameOf(groupId: string): Promise<string>;
};
type Open = (sealed: unknown) => Promise<Crossing>;

/** What seals and opens, loaded where a key is given. */
export interface Crossings {
  createCrossingSeal(encryption: unknown): Promise<Seal>;
  createCrossingOpener(encryption: unknown): Promise<Open>;
}

const NAME_MAX = 1_000;
const NAMES_MAX = 100;
const NOBODY_ELSES = "a key of this origin opens nothing on the other side";

type Attributes = Omit<BridgeMessage, "headers" | "body" | "redelivered">;

/** `toEncrypted`, with a way to what encrypts. */
export function toEncryptedOver(
  crossings: () => Promise<Crossings>,
  to: Queue | BridgeTarget,
  options: ToEncryptedOptions,
): BridgeTarget {
  const target = targetOf(to, "toEncrypted(target)");
  const readable = arrayOf(string(1, NAME_MAX), NAMES_MAX);
  checkOptions("toEncrypted()", options, { encryption: anything, readable });
  const encryption = keyIn(options, "toEncrypted()");
  const names = new Set(options.readable);
  const sealing = once(async () => (await crossings()).createCrossingSeal(encryption));
  return {
    name: target.name,
    guarantee: target.guarantee,
    async open(signal, warn) {
      const { seal, nameOf } = await sealing();
      const session = await target.open(signal, warn);
      const sealed = async (message: BridgeMessage): Promise<BridgeMessage | Refused> => {
        const { body, headers, redelivered, ...attributes } = message;
        try {
          return {
            ...attributes,
            body: await seal({ attributes: attributes satisfies Attributes, headers, body }),
            contentType: null,
            headers: Object.fromEntries(Object.entries(headers).filter(([name]) => names.has(name))),
            groupId: attributes.groupId === null ? null : await nameOf(attributes.groupId),
            redelivered,
          };
        } catch (error) {
          if (!isOf(error, "not-cloneable")) throw error;
          return { type: "refused", reason: error.message };
        }
      };
      /** One after the other reaches the target, in the order of the calls. */
      let last: Promise<unknown> = Promise.resolve();
      const { inTurn, isSelfTimed } = session;
      return {
        ...(inTurn !== undefined && { inTurn }),
        ...(isSelfTimed !== undefined && { isSelfTimed }),
        ended: session.ended,
        close: () => session.close(),
        async send(messages) {
          const all = Promise.all(messages.map(sealed));
          const sent = Promise.all([all, last]).then(([built]) => {
            const crossing = built.filter((one): one is BridgeMessage => !isRefused(one));
            return { built, outcomes: crossing.length > 0 ? session.send(crossing) : [] };
          });
          last = sent.catch(() => {});
          const { built, outcomes } = await sent;
          const answers = (await outcomes).values();
          return built.map((one) => (isRefused(one) ? one : (answers.next().value as Outcome)));
        },
      };
    },
  };
}

type Refused = Extract<Outcome, { type: "refused" }>;
const isRefused = (one: BridgeMessage | Refused): one is Refused => "type" in one;

/** `fromEncrypted`, with a way to what encrypts. */
export function fromEncryptedOver(
  crossings: () => Promise<Crossings>,
  from: Queue | BridgeSource,
  options: FromEncryptedOptions,
): BridgeSource {
  const source = sourceOf(from, "fromEncrypted(source)");
  checkOptions("fromEncrypted()", options, { encryption: anything });
  const encryption = keyIn(options, "fromEncrypted()");
  const opening = once(async () => (await crossings()).createCrossingOpener(encryption));
  return {
    name: source.name,
    // It keeps back what has the same name outside, which another sender calls otherwise.
    keepsGroups: false,
    ...(source.ownHeaders && { ownHeaders: source.ownHeaders }),
    async open(taking, signal) {
      const open = await opening();
      const { promise: failed, resolve: fail } = deferred<unknown>();
      let isOver = false;
      /** One after the other is handed over, in the order in which they came. */
      let last: Promise<unknown> = Promise.resolve();
      const handOver = async (delivery: BridgeDelivery, opened: Promise<Crossing>) => {
        try {
          const crossing = await opened;
          if (isOver) delivery.release();
          else taking.take(openedDelivery(delivery, crossing, source.ownHeaders));
        } catch (error) {
          if (isOf(error, "tampered") && !isOver) {
            const message = `${delivery.message.id} of ${source.name}: ${error.message}`;
            taking.warn({ code: "tampered", message });
            return delivery.deadLetter(error.message);
          }
          delivery.release();
          isOver = true;
          opening.forget();
          fail(error);
        }
      };
      const session = await source.open(
        {
          ...taking,
          take(delivery) {
            const opened = open(delivery.message.body);
            // It is looked at when it is its turn.
            opened.catch(() => {});
            last = last.then(() => handOver(delivery, opened));
          },
        },
        signal,
      );
      return { ended: Promise.race([session.ended, failed]), close: () => session.close() };
    },
    close: async () => source.close?.(),
  };
}

/** `ownHeaders`: by which the source says how a message came, which is not its sender's to say. Whoever carries it can add others. */
const openedDelivery = (
  delivery: BridgeDelivery,
  { attributes, headers, body }: Crossing,
  ownHeaders: readonly string[] = [],
): BridgeDelivery => ({
  message: {
    ...(attributes as unknown as Attributes),
    headers: {
      ...headers,
      ...Object.fromEntries(Object.entries(delivery.message.headers).filter(([name]) => ownHeaders.includes(name))),
    },
    body,
    redelivered: delivery.message.redelivered,
  },
  get isLost() {
    return delivery.isLost;
  },
  ack: () => delivery.ack(),
  release: (delayMs) => delivery.release(delayMs),
  deadLetter: (reason) => delivery.deadLetter(reason),
});

const isOf = (error: unknown, code: QueueError["code"]): error is QueueError =>
  error instanceof QueueError && error.code === code;

/** What else is wrong with a key shows once that is loaded which takes one. */
function keyIn(options: { readonly encryption: BridgeEncryption } | undefined, where: string): BridgeEncryption {
  const encryption = options?.encryption ?? invalid(`${where}.encryption`, undefined, "{ key } or { password }");
  if (typeof encryption === "object" && "generate" in encryption)
    invalid(`${where}.encryption.generate`, encryption.generate, `left out: ${NOBODY_ELSES}`);
  return encryption;
}

/** What is made when it is first asked for; once more, where that failed or was forgotten. */
function once<T>(make: () => Promise<T>): { (): Promise<T>; forget(): void } {
  let made: Promise<T> | undefined;
  const get = () => {
    if (!made) {
      made = make();
      made.catch(forget);
    }
    return made;
  };
  const forget = () => {
    made = undefined;
  };
  return Object.assign(get, { forget });
}
