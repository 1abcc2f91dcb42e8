// Where a database is, and which pages may ask for it. Invariant: an address names one database, or none.

import { arrayOf, type Check, invalid } from "../core/spec/check.js";
import { QueueError } from "../core/spec/errors.js";
import { DATABASE_NAME_MAX } from "../core/spec/limits.js";

const PATH = /^\/mq\/([^/?]+)$/;

/** The database that `/mq/DATABASE` names; `undefined` where a path names none. */
export function databaseAt(pathname: string): string | undefined {
  const [, encoded] = PATH.exec(pathname) ?? [];
  if (encoded === undefined) return undefined;
  try {
    const name = decodeURIComponent(encoded);
    return name.length <= DATABASE_NAME_MAX ? name : undefined;
  } catch {
    return undefined;
  }
}

const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@*]+\/?$/i;

/** As a browser says it: in small letters, without the port that goes without saying and a slash at the end. */
export function originOf(text: string): string {
  const { origin } = new URL(text);
  // Of a scheme of applications.
  return origin === "null" ? text.toLowerCase().replace(/\/$/, "") : origin;
}

/** One page's, whole: there is no pattern for many. */
const origin: Check = (value, name) => {
  if (typeof value !== "string" || !ORIGIN.test(value) || !URL.canParse(value))
    invalid(name, value, "the origin of a page, like https://shop.example or http://localhost:5173");
};

export const ORIGINS = arrayOf(origin, 10_000);

/**
 * Why a page may not connect, if it may not: it is of another origin than the server's, which must pass `isOwnName`, and of
 * none that is allowed. What is no browser has no origin.
 */
export function originRefusal(
  { origin, host }: Readonly<Record<string, string>>,
  allowed: readonly string[],
  isOwnName: (hostname: string) => boolean = () => true,
): QueueError | undefined {
  if (origin === undefined || allowed.some((one) => originOf(one) === origin)) return undefined;
  const page = URL.canParse(origin) ? new URL(origin) : undefined;
  if (page?.host === host && page && isOwnName(page.hostname.replace(/^\[|\]$/g, ""))) return undefined;
  return new QueueError("denied", `pages of ${origin} may not connect to this server`, { detail: { origin } });
}
