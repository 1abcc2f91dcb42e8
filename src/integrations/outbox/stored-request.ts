// A request as it is stored, and as it is made again. Invariant: what is made again sends the same bytes, under the same
// idempotency key, however often. What cannot be carried is left out here and nowhere else: headers that only the browser
// may set, the abort signal, the fetch priority, and the mode "navigate", which no script may use.

import { snapshotOf } from "../../core/log/plain.js";
import { QueueError } from "../../core/spec/errors.js";
import { notCloneable } from "../not-cloneable.js";

/** How a request waits in the queue: nothing but what can be cloned and stored in every browser. */
export interface StoredRequest {
  readonly v: 1;
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  /** `ArrayBuffer`, since some browsers store no Blob. Missing where the request had none. */
  readonly body?: ArrayBuffer;
  readonly mode: RequestMode;
  readonly credentials: RequestCredentials;
  readonly cache: RequestCache;
  readonly redirect: RequestRedirect;
  readonly referrer: string;
  readonly referrerPolicy: ReferrerPolicy;
  readonly integrity: string;
  readonly keepalive: boolean;
  readonly idempotencyKey: string;
  readonly metadata?: unknown;
  /** The status line of what the server said to the first attempt, if it said anything. */
  readonly refusal?: string;
}

/** Of its body. */
export const bytesOf = ({ body }: StoredRequest): number => body?.byteLength ?? 0;

/** Marks a request that an outbox makes, for the service worker of the page: a fragment, which never leaves the browser. */
const MARK = "#originmq-outbox";
const KEY_HEADER = "Idempotency-Key";

export const isMarked = (request: Request): boolean => request.url.endsWith(MARK);

export const withoutFragment = (url: string): string => url.split("#", 1)[0] as string;

const KEY_LENGTH_MAX = 255;

/** The key in the request's own header, quoted as the draft writes it or not, if it is one that an outbox takes. */
export function carriedKeyOf(request: Request): string | undefined {
  const key = request.headers.get(KEY_HEADER)?.match(/^("?)([ !#-[\]-~]+)\1$/)?.[2];
  return key !== undefined && key.length <= KEY_LENGTH_MAX ? key : undefined;
}

/** Metadata as it is now. Throws `not-cloneable`: what cannot be copied could not be stored, nor told of. */
export function copyMetadata(metadata: unknown): unknown {
  try {
    return structuredClone(snapshotOf(metadata, structuredClone));
  } catch (cause) {
    throw notCloneable(metadata, "outbox.fetch().metadata", cause);
  }
}

/** The bytes of a body that can be told without waiting: of text, of bytes, and of none. Else `undefined`. */
export function bytesNow(body: unknown): ArrayBuffer | undefined {
  if (typeof body === "string" || body instanceof URLSearchParams) return new TextEncoder().encode(String(body)).buffer;
  if (body instanceof ArrayBuffer) return body.slice(0);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice().buffer;
  return undefined;
}

/** Reads a request, its body included, which is then used up; without waiting where it has none, or it is given. */
export async function storeRequest(
  request: Request,
  given: { readonly idempotencyKey: string; readonly metadata?: unknown; readonly body?: ArrayBuffer | undefined },
): Promise<StoredRequest> {
  const { method } = request;
  const isEmpty = method === "GET" || method === "HEAD" || request.body === null;
  const body = isEmpty ? undefined : (given.body ?? (await request.arrayBuffer()));
  return {
    v: 1,
    url: withoutFragment(request.url),
    method: request.method,
    headers: [...request.headers],
    ...(body !== undefined && body.byteLength > 0 && { body }),
    mode: request.mode,
    credentials: request.credentials,
    cache: request.cache,
    redirect: request.redirect,
    referrer: referrerOf(request),
    referrerPolicy: request.referrerPolicy,
    integrity: request.integrity,
    keepalive: request.keepalive,
    idempotencyKey: given.idempotencyKey,
    ...(given.metadata !== undefined && { metadata: given.metadata }),
  };
}

/** "about:client" stands for the page that asks; a page or worker that repeats the request is another one. */
function referrerOf({ referrer }: Request): string {
  const page = globalThis.location?.href;
  return referrer === "about:client" && page !== undefined ? withoutFragment(page) : referrer;
}

/** Without the headers of these names, in any case of letters. */
export function redact(stored: StoredRequest, names: readonly string[]): StoredRequest {
  if (names.length === 0) return stored;
  const hidden = new Set(names.map((name) => name.toLowerCase()));
  return { ...stored, headers: stored.headers.filter(([name]) => !hidden.has(name.toLowerCase())) };
}

/** As it may lie in the queue. Throws `invalid-argument` when its body is too large for that. */
export function keepable(
  stored: StoredRequest,
  { maxBodyBytes, redactHeaders }: { readonly maxBodyBytes: number; readonly redactHeaders: readonly string[] },
): StoredRequest {
  const bytes = bytesOf(stored);
  if (bytes <= maxBodyBytes) return redact(stored, redactHeaders);
  const what = `${stored.method} ${stored.url} has a body of ${bytes} bytes`;
  throw new QueueError("invalid-argument", `${what}; the outbox stores at most maxBodyBytes = ${maxBodyBytes}`, {
    detail: { bytes, maxBodyBytes },
  });
}

export const originOf = (url: string): string => new URL(url).origin;
export const isSameOrigin = (url: string): boolean => originOf(url) === globalThis.location?.origin;

/**
 * The request again. With a key, it carries `Idempotency-Key` as draft-ietf-httpapi-idempotency-key-header writes it: a
 * quoted string; unless the application set that header itself. Throws `invalid-argument` when this browser cannot make it.
 */
export function makeRequest(
  stored: StoredRequest,
  how: { readonly sendsKey: boolean; readonly keepalive: boolean; readonly signal?: AbortSignal },
): Request {
  const headers = new Headers(stored.headers as [string, string][]);
  if (how.sendsKey && !headers.has(KEY_HEADER)) headers.set(KEY_HEADER, `"${stored.idempotencyKey}"`);
  const { url, method, body, credentials, cache, redirect, referrer, referrerPolicy, integrity } = stored;
  try {
    return new Request(url + MARK, {
      method,
      headers,
      mode: modeOf(stored, how.sendsKey),
      credentials,
      cache,
      redirect,
      referrer,
      referrerPolicy,
      integrity,
      keepalive: how.keepalive,
      ...(body && { body }),
      ...(how.signal && { signal: how.signal }),
    });
  } catch (cause) {
    throw new QueueError("invalid-argument", `the request ${method} ${url} cannot be made again: ${String(cause)}`, {
      cause,
    });
  }
}

/** A "no-cors" request may not carry the key; within the origin, "cors" is the same with more rights. */
function modeOf({ mode, url }: StoredRequest, sendsKey: boolean): RequestMode {
  if (mode === "navigate") return "same-origin";
  return mode === "no-cors" && sendsKey && isSameOrigin(url) ? "cors" : mode;
}

const GROUP_MAX = 256;
/** Of an encrypted queue. */
const HIDDEN_GROUP_MAX = 176;

/** The default group: the URL's origin and path, which a long path is cut for, a hash in place of what is cut off. */
export function groupOf(url: string, isHidden = false): string {
  const { origin, pathname } = new URL(url);
  return shorten(origin + pathname, isHidden ? HIDDEN_GROUP_MAX : GROUP_MAX);
}

/** FNV-1a, 32 bits: two groups under one name would only wait for each other. */
function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  const suffix = (hash >>> 0).toString(16).padStart(8, "0");
  return `${text.slice(0, max - suffix.length - 1)}~${suffix}`;
}
