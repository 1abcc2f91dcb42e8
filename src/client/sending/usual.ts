// What a sender is given as it usually is, told at a look: plain JSON data, and options that one value says. What is not so is
// taken in by who can say what is wrong with it, once that has come.

import type { Headers } from "../../core/log/bodies.js";
import { fits, type Scalar } from "../../core/spec/field.js";
import { deduplicationId, delayMs, groupId, instant, lifeMs, priority } from "../../core/spec/item-fields.js";
import { HEADERS_BYTES_MAX, REQUEST_MESSAGES_MAX } from "../../core/spec/limits.js";
import type { Later } from "../runtime/later.js";
import type { Intake, Taken } from "./intake.js";
import { type Item, makeItem, type SendOptions } from "./item.js";
import { jsonOf, jsonOfEach } from "./json.js";

const FIELDS: Readonly<Record<string, Scalar>> = {
  priority,
  delayMs,
  deliverAt: instant,
  ttlMs: lifeMs,
  deduplicationId,
  groupId,
};

/** `rest`: takes in what is not usual. */
export const createUsualIntake = (rest: Later<{ readonly intake: Intake }>): Intake => ({
  one(body, options) {
    if (rest.now) return rest.now.intake.one(body, options);
    const item = ifReadable(() => {
      const { signal, ...given } = options ?? {};
      return isSignal(signal) && usualItem(jsonOf(body), body, options && given);
    });
    if (!item) return takenLater(rest, body, ({ intake }, kept) => intake.one(kept, options));
    options?.signal?.throwIfAborted();
    return [item];
  },
  batch(items, options) {
    if (rest.now) return rest.now.intake.batch(items, options);
    const taken = ifReadable(() => isOptionless(options) && usualItems(items));
    if (!taken) return takenLater(rest, items, ({ intake }, kept) => intake.batch(kept, options));
    options?.signal?.throwIfAborted();
    return taken;
  },
});

/** What cannot be read is not usual. */
function ifReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const isSignal = (signal: unknown): boolean => signal === undefined || signal instanceof AbortSignal;

const isOptionless = (options: object | undefined): boolean =>
  options === undefined ||
  (Object.keys(options).every((name) => name === "signal") && isSignal(Reflect.get(options, "signal")));

function usualItems(items: unknown): readonly Item[] | undefined {
  if (!Array.isArray(items) || items.length > REQUEST_MESSAGES_MAX) return undefined;
  const texts = jsonOfEach(items.map((given) => given?.body));
  const usual: Item[] = [];
  for (const [i, given] of items.entries()) {
    if (typeof given !== "object" || given === null) return undefined;
    const { body, ...options } = given;
    const item = usualItem(texts[i], body, options);
    if (!item) return undefined;
    usual.push(item);
  }
  return usual;
}

function usualItem(text: string | undefined, body: unknown, options: SendOptions | undefined): Item | undefined {
  if (text === undefined) return undefined;
  for (const [name, value] of Object.entries(options ?? {})) if (!isUsual(name, value)) return undefined;
  if (options?.delayMs !== undefined && options.deliverAt !== undefined) return undefined;
  return makeItem({ body, text, bytes: text.length }, options);
}

function isUsual(name: string, value: unknown): boolean {
  if (name === "headers") return isHeaders(value);
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  return field !== undefined && (value === undefined || fits(field, value));
}

/** As text they are a little longer than they count. */
const isHeaders = (value: unknown): value is Headers =>
  typeof value === "object" &&
  value !== null &&
  Object.getPrototypeOf(value) === Object.prototype &&
  !(Symbol.iterator in value) &&
  Object.values(value).every((text) => typeof text === "string") &&
  JSON.stringify(value).length <= HEADERS_BYTES_MAX;

/** `given`: as it is now, where the platform can copy it; where it cannot, what is to blame is told of what is there then. */
async function takenLater<Given, Rest>(
  rest: Later<Rest>,
  given: Given,
  take: (rest: Rest, kept: Given) => Taken,
): Promise<readonly Item[]> {
  let kept = given;
  try {
    kept = structuredClone(given);
  } catch {}
  return take(await rest.get(), kept);
}
