// What callers send, made into items: a copy of what was given, its options checked, and what it weighs.

import { snapshotOf } from "../../core/log/plain.js";
import { abortSignal, anything, checkOptions, invalid, type Spec } from "../../core/spec/check.js";
import { REQUEST_MESSAGES_MAX } from "../../core/spec/limits.js";
import { type Item, makeItem, type SendOptions } from "./item.js";
import { jsonOf, jsonOfEach } from "./json.js";
import { ITEM_SPEC } from "./options.js";
import { weigh } from "./weight.js";

const SEND_SPEC: Spec = { ...ITEM_SPEC, signal: abortSignal };

/** A message to send, its options checked. */
export function itemOf(given: unknown, options: SendOptions | undefined, where = "send()", spec = SEND_SPEC): Item {
  return itemWith(jsonOf(given), given, options, where, spec);
}

/** The same of a body whose text, or that it has none, is known. */
function itemWith(
  text: string | undefined,
  given: unknown,
  options: SendOptions | undefined,
  where: string,
  spec: Spec,
): Item {
  const body = text === undefined ? snapshotOf(given, globalThis.structuredClone) : given;
  const bytes = text?.length ?? weigh(body);
  checkOptions(where, options, spec);
  const { delayMs, deliverAt } = options ?? {};
  if (delayMs !== undefined && deliverAt !== undefined)
    invalid(`${where}.deliverAt`, deliverAt, "left out when delayMs is given");
  return makeItem({ body, text, bytes }, options);
}

/** A copy of what it has. */
function apart<Given extends object>(given: Given, where: string): Given {
  try {
    return { ...given };
  } catch (error) {
    checkOptions(where, given, { ...ITEM_SPEC, body: anything });
    throw error;
  }
}

export function itemsOf(items: unknown, named = "sendBatch(items)"): Item[] {
  if (!Array.isArray(items) || items.length > REQUEST_MESSAGES_MAX) {
    return invalid(named, items, `an array of at most ${REQUEST_MESSAGES_MAX} messages`);
  }
  const texts = jsonOfEach(items.map((given) => given?.body));
  return items.map((given: unknown, i) => {
    if (typeof given !== "object" || given === null || !("body" in given))
      return invalid(`${named}[${i}]`, given, "an object with a body");
    // The usual case first: taking an object apart costs as much as all the rest.
    if (Object.keys(given).length === 1 && Object.hasOwn(given, "body"))
      return itemWith(texts[i], given.body, undefined, named, ITEM_SPEC);
    const where = `${named}[${i}]`;
    const { body, ...options } = apart(given as { body: unknown } & SendOptions, where);
    return itemWith(texts[i], body, options, where, ITEM_SPEC);
  });
}
