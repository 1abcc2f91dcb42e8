// What an answer means for the request that it answers.

export type Verdict =
  | { readonly type: "delivered" }
  /** Not now. `afterMs`: not before so many ms, as the server asked. */
  | { readonly type: "retry"; readonly afterMs: number | undefined }
  /** Never: repeating it changes nothing. */
  | { readonly type: "dead" };

/** Request Timeout, Too Early, Too Many Requests: refusals of this moment, not of the request. */
const RETRIED = new Set([408, 425, 429]);

/**
 * 2xx, 3xx and opaque answers, whose status nobody may see, are delivered. 408, 425, 429 and 5xx are for later. Every
 * other 4xx is final.
 */
export function judge(response: Pick<Response, "status" | "type" | "headers">, now: number): Verdict {
  const { status, type } = response;
  if (type === "opaque" || type === "opaqueredirect") return { type: "delivered" };
  if (RETRIED.has(status) || status >= 500) return { type: "retry", afterMs: retryAfterMs(response.headers, now) };
  return { type: status >= 400 ? "dead" : "delivered" };
}

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
  return `${`HTTP ${response.status} ${response.statusText}`.trimEnd()}${answer && `\n${answer}`}`;
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
