// Delays of what is sent here are the server's to keep: a device may be away when they end. Invariant: a message with a
// delay waits here for the server and nothing else, and what it is delayed by counts from its acceptance here. Whatever stands
// in the header, which a sender to the queue of this device may have set, delays nothing but its own message.

import type { SendOptions } from "../../client/sending/options.js";
import { type Check, check, invalid, type Spec, span } from "../../core/spec/check.js";
import type { BridgeMessage } from "../bridge/message.js";

/** Of a message on its way; the server's has it no more. */
const HEADER = "originmq-delay";

const time: Check = (value, name) => {
  const isInstant = (typeof value === "number" || value instanceof Date) && Number(value) >= 0;
  if (!isInstant || !Number.isFinite(Number(value))) invalid(name, value, "a Date or epoch milliseconds");
};
const DELAY: Spec = { delayMs: span(), deliverAt: time };

type Delay = Pick<SendOptions, "delayMs" | "deliverAt">;

function checkDelay(delay: { readonly [Name in keyof Delay]: Delay[Name] | undefined }, where: string): void {
  for (const [name, field] of Object.entries(DELAY)) {
    const value = delay[name as keyof Delay];
    if (value !== undefined) check(field, value, `${where}.${name}`);
  }
}

/** Options of a send to the queue here. Throws `invalid-argument`, as sends do. */
export function carryDelay<Options extends SendOptions>(options: Options, where: string): Options {
  const { delayMs, deliverAt, ...rest } = options;
  const own = (options.headers as SendOptions["headers"] | null)?.[HEADER];
  if (own !== undefined) invalid(`${where}.headers["${HEADER}"]`, own, "left out: delayMs and deliverAt say when");
  if (delayMs === undefined && deliverAt === undefined) return options;
  checkDelay({ delayMs, deliverAt }, where);
  if (delayMs !== undefined && deliverAt !== undefined)
    invalid(`${where}.deliverAt`, deliverAt, "left out when delayMs is given");
  const asked = delayMs === undefined ? { deliverAt: Number(deliverAt) } : { delayMs };
  return { ...rest, headers: { ...rest.headers, [HEADER]: JSON.stringify(asked) } } as unknown as Options;
}

/** Options of its send to the server. What is no delay stays a header. */
export function delayOf({ headers, sentAt }: BridgeMessage, now: number): SendOptions {
  const { [HEADER]: text, ...others } = headers;
  const delay = text === undefined ? undefined : delayIn(text);
  if (delay === undefined) return {};
  const { delayMs, deliverAt } = delay;
  if (deliverAt !== undefined) return { headers: others, deliverAt };
  return { headers: others, delayMs: Math.max(0, sentAt + (delayMs ?? 0) - now) };
}

function delayIn(text: string): Delay | undefined {
  try {
    const delay = JSON.parse(text) as Delay;
    checkDelay(delay, HEADER);
    return delay.delayMs === undefined && delay.deliverAt === undefined ? undefined : delay;
  } catch {
    return undefined;
  }
}
