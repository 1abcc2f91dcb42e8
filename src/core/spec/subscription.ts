// What a subscription is called and what it takes of its topic.

import { arrayOf, boolean, type Check, checkOptions, invalid, string } from "./check.js";

/** What a header has to be: this text, one of these, text that begins so, or there at all (`false`: missing). */
export type HeaderMatch = string | readonly string[] | { readonly prefix: string } | { readonly exists: boolean };

/** All headers that are named must match. */
export type SubscriptionFilter = Readonly<Record<string, HeaderMatch>>;

/** Name of the queue that a subscription is. A subscription's own name has no "/". */
export const subscriptionQueue = (topic: string, subscription: string): string => `${topic}/${subscription}`;

/** Of a topic: what stands behind the last "/" in the name of its queue. */
export const subscription: Check = (value, name) => {
  string(1, 128)(value, name);
  if ((value as string).includes("/")) invalid(name, value, 'a name without "/"');
};

/** See `SubscriptionFilter`. */
export const subscriptionFilter: Check = (value, name) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return invalid(name, value, "an object");
  const entries = Object.entries(value);
  if (entries.length > 100) invalid(name, value, "an object of at most 100 headers");
  for (const [header, match] of entries) {
    const where = `${name}.${header}`;
    const isText = typeof match === "string";
    if (isText) continue;
    if (Array.isArray(match)) arrayOf(string(0, 10_000), 1_000)(match, where);
    else {
      checkOptions(where, match, { prefix: string(0, 10_000), exists: boolean });
      const isOne = typeof match === "object" && match !== null && Object.keys(match).length === 1;
      if (!isOne) invalid(where, match, "a text, an array of texts, { prefix } or { exists }");
    }
  }
};
