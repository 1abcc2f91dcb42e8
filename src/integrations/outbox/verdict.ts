// What an answer means for the request that it answers: what the application says of it, else what is safe.

import { QueueError } from "../../core/spec/errors.js";
import { reportFailure } from "./context.js";
import type { OutboxMessage, OutboxVerdict, Settings } from "./options.js";

export type Verdict =
  | { readonly type: "delivered" }
  /** Not now. `afterMs`: not before so many ms, as the server asked. */
  | { readonly type: "retry"; readonly afterMs: number | undefined }
  /** Never: repeating it changes nothing. */
  | { readonly type: "dead" };

/** Request Timeout, Too Early, Too Many Requests: refusals of this moment, not of the request. */
const RETRIED = new Set([408, 425, 429]);

type Judged = Pick<Response, "status" | "type" | "headers" | "redirected" | "url">;
type Asked = Pick<OutboxMessage, "method" | "url">;

/**
 * 408, 425, 429 and 5xx are for later. Every other 4xx is final. Opaque answers, whose status nobody may see, 2xx and 3xx
 * are delivered, unless the request was led elsewhere.
 */
function typeOf(response: Judged, asked: Asked): OutboxVerdict {
  const { status, type } = response;
  if (type === "opaque" || type === "opaqueredirect") return "delivered";
  if (RETRIED.has(status) || status >= 500) return "retry";
  if (status >= 400) return "dead";
  return isLedAstray(response, asked) ? "retry" : "delivered";
}

/**
 * Whether an answer is perhaps none to this request: a login page, a captive portal. `fetch` makes a GET without a body
 * of a POST that is redirected with 301, 302 or 303 and shows neither that nor the status, so that no redirected POST is
 * known to have arrived; what else changes something keeps its method but for 303, which leads to another place. A GET
 * changes nothing, and is redirected all the time.
 */
function isLedAstray({ redirected, url }: Judged, asked: Asked): boolean {
  if (!redirected || asked.method === "GET" || asked.method === "HEAD") return false;
  return asked.method === "POST" || placeOf(url) !== placeOf(asked.url);
}

const placeOf = (url: string): string => {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
};

const VERDICTS: readonly unknown[] = ["delivered", "retry", "dead", undefined] satisfies (OutboxVerdict | undefined)[];

/** As `settings.judge` says, who is given a copy of the answer; what it leaves open, or fails to say, is what is safe. */
export async function judge(
  response: Response,
  message: OutboxMessage,
  { judge: ask }: Pick<Settings, "judge">,
  now: number,
): Promise<Verdict> {
  const type = (ask && (await asked(response, message, ask))) ?? typeOf(response, message);
  return type === "retry" ? { type, afterMs: retryAfterMs(response.headers, now) } : { type };
}

async function asked(response: Response, message: OutboxMessage, ask: NonNullable<Settings["judge"]>) {
  const copy = response.clone();
  try {
    const said = await ask(copy, message);
    if (VERDICTS.includes(said)) return said;
    const what = `judge() of the outbox returned ${JSON.stringify(said)}; it takes "delivered", "retry", "dead" or undefined`;
    throw new QueueError("invalid-argument", what);
  } catch (error) {
    reportFailure(error);
    return undefined;
  } finally {
    discard(copy);
  }
}

/** Frees the connection of an answer that nobody reads. */
export function discard(response: Response): void {
  if (!response.bodyUsed && !response.body?.locked) response.body?.cancel().catch(() => {});
}

/** One line: what a request that is repeated, or given up, got for an answer. */
export const statusLineOf = ({ status, statusText, redirected, url }: Response): string =>
  `HTTP ${status} ${statusText}`.trimEnd() + (redirected ? `, from ${url.slice(0, 1_000)}` : "");

/**
 * `Retry-After` (RFC 9110, section 10.2.3), seconds or a date, in ms from now; `undefined` without one. A date is
 * compared with the server's own `Date`, where it is shown, so that a wrong clock here does no harm.
 */
export function retryAfterMs(headers: Pick<Headers, "get">, now: number): number | undefined {
  const text = headers.get("retry-after")?.trim();
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  // Each of the three forms of a date begins with the name of a day; `Date.parse` takes much that is none.
  const at = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  const theirNow = Date.parse(headers.get("date") ?? "");
  return Math.max(0, at - (Number.isNaN(theirNow) ? now : theirNow));
}

/** The first kilobyte of an answer, which a dead letter keeps. */
const ANSWER_BYTES_MAX = 1_024;

/** Why a request died, as its dead letter says it: status line, then the beginning of the answer. */
export async function reasonOf(response: Response): Promise<string> {
  const answer = await beginningOf(response).catch(() => "");
  return `${statusLineOf(response)}${answer && `\n${answer}`}`;
}

async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  let left = ANSWER_BYTES_MAX;
  while (left > 0) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.byteLength;
  }
  reader.cancel().catch(() => {});
  return text;
}

/** `reasonOf`, read back. */
export function partsOfReason(reason: string): { readonly status: number | null; readonly answer: string | null } {
  const [, status, answer] = /^HTTP (\d{3})[^\n]*(?:\n([\s\S]*))?$/.exec(reason) ?? [];
  return { status: status === undefined ? null : Number(status), answer: answer ?? null };
}
