// What a subscription is called and what it takes of its topic.

import { arrayOf, boolean, type Check, check, checkOptions, invalid, string } from "./check.js";
import { FILTER_HEADERS_MAX, FILTER_TEXT_MAX, FILTER_TEXTS_MAX, SUBSCRIPTION_NAME_MAX } from "./limits.js";

/** What a header has to be: this text, one of these, text that begins so, or there at all (`false`: missing). */
export type HeaderMatch = string | readonly string[] | { readonly prefix: string } | { readonly exists: boolean };

/** All headers that are named must match. */
export type SubscriptionFilter = Readonly<Record<string, HeaderMatch>>;

/** Name of the queue that a subscription is. A subscription's own name has no "/". */
export const subscriptionQueue = (topic: string, subscription: string): string => `${topic}/${subscription}`;

const subscriptionName = string(1, SUBSCRIPTION_NAME_MAX);
const filterText = string(0, FILTER_TEXT_MAX);
const filterTexts = arrayOf(filterText, FILTER_TEXTS_MAX);

/** Of a topic: what stands behind the last "/" in the name of its queue. */
export const subscription: Check = (value, name) => {
  check(subscriptionName, value, name);
  if ((value as string).includes("/")) invalid(name, value, 'a name without "/"');
};

/** See `SubscriptionFilter`. */
export const subscriptionFilter: Check = (value, name) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return invalid(name, value, "an object");
  const entries = Object.entries(value);
  if (entries.length > FILTER_HEADERS_MAX) invalid(name, value, `an object of at most ${FILTER_HEADERS_MAX} headers`);
  for (const [header, match] of entries) {
    const where = `${name}.${header}`;
    if (typeof match === "string") check(filterText, match, where);
    else if (Array.isArray(match)) check(filterTexts, match, where);
    else {
      checkOptions(where, match, { prefix: filterText, exists: boolean });
      const isOne = typeof match === "object" && match !== null && Object.keys(match).length === 1;
      if (!isOne) invalid(where, match, "a text, an array of texts, { prefix } or { exists }");
    }
  }
};
