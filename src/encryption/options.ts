// What callers may pass as a key, checked before anything is done.

import type { AskedKey, Encryption } from "../client/connection/connect-options.js";
import { abortable } from "../client/runtime/abortable.js";
import { checkOptions, fits, integer, invalid, oneOf, string } from "../core/spec/check.js";
import { QueueError } from "../core/spec/errors.js";

const WHERE = "encryption";
export const ITERATIONS_MIN = 100_000;
export const ITERATIONS_MAX = 100_000_000;
/** Done for what anybody may have written, unless who opens it has said more: what a processor does in a few seconds. */
export const ITERATIONS_UNASKED_MAX = 10_000_000;
const PASSWORD_MAX = 10_000;

const isKey = (value: unknown): value is CryptoKey =>
  Object.prototype.toString.call(value) === "[object CryptoKey]" &&
  (value as CryptoKey).algorithm.name === "AES-GCM" &&
  (["encrypt", "decrypt"] as const).every((usage) => (value as CryptoKey).usages.includes(usage));

/** Once nobody has to be asked any more. */
export type GivenEncryption = Exclude<Encryption, { readonly key: () => unknown }>;

/** What was given may be a secret in the wrong place: no message says it. */
const refuse = (name: string, expected: string): never => {
  throw new QueueError("invalid-argument", `${name} must be ${expected}`, { detail: { name, expected } });
};
const aesKey = (value: unknown, name: string) => {
  if (!isKey(value) && typeof value !== "function")
    refuse(name, "a CryptoKey of AES-GCM, for encrypt and decrypt, or a function that asks for one");
};
/** Of half a surrogate pair UTF-8 makes the same as of any other. */
const passwordText = (value: unknown, name: string) => {
  if (!fits(string(1, PASSWORD_MAX), value) || /\p{Surrogate}/u.test(value as string))
    refuse(name, `well-formed text of 1 to ${PASSWORD_MAX} characters`);
};
const yes = (value: unknown, name: string) => {
  if (value !== true) invalid(name, value, "true");
};

/**
 * Throws `encrypted` where a key is required and none is given, `invalid-argument` naming what is wrong, and `unsupported`
 * where the platform gives no cryptography.
 */
export function checkEncryption(value: unknown): asserts value is Encryption {
  const spec = {
    key: aesKey,
    password: passwordText,
    iterations: integer(ITERATIONS_MIN, ITERATIONS_MAX),
    generate: yes,
    whileLocked: oneOf("send"),
  };
  if (value === "required") {
    const message =
      'encryption is "required", and neither key, password nor generate was given: nothing is opened without';
    throw new QueueError("encrypted", message, { detail: { name: WHERE } });
  }
  if (typeof value !== "object" || value === null) refuse(WHERE, "{ key }, { password } or { generate: true }");
  checkOptions(WHERE, value, spec);
  const { key, password, generate, iterations, whileLocked } = value as Readonly<Record<keyof typeof spec, unknown>>;
  if ([key, password, generate].filter((one) => one !== undefined).length !== 1)
    invalid(WHERE, value, "one of key, password and generate");
  if (iterations !== undefined && password === undefined)
    invalid(`${WHERE}.iterations`, iterations, "left out without a password");
  if (whileLocked !== undefined && typeof key !== "function")
    invalid(`${WHERE}.whileLocked`, whileLocked, "left out unless key is a function that asks for it");
  if (globalThis.crypto?.subtle === undefined) {
    const message = "encryption needs crypto.subtle, which browsers give to secure contexts alone";
    throw new QueueError("unsupported", message, { detail: { missing: ["crypto.subtle"] } });
  }
}

/** Throws where it says what is only for who opens a database. */
export function checkKeyAlone(value: unknown): asserts value is Encryption {
  checkEncryption(value);
  if (isForLocked(value)) invalid(`${WHERE}.whileLocked`, "send", "left out where no queue is opened");
}

/** Whether what opens is to send before the key is there. */
export const isForLocked = (encryption: Encryption): boolean =>
  "whileLocked" in encryption && encryption.whileLocked !== undefined;

/** Asks where it is a function. Rejects with what that throws, and with `invalid-argument` where its answer is no key. */
export async function givenBy(encryption: Encryption, signal?: AbortSignal): Promise<GivenEncryption> {
  if (!("key" in encryption) || typeof encryption.key !== "function") return encryption as GivenEncryption;
  const ask = encryption.key;
  const answer = await abortable<AskedKey>((async () => ask())(), signal);
  if (isKey(answer)) return { key: answer };
  const hasPassword = typeof answer === "object" && answer !== null && "password" in answer;
  if (!hasPassword) refuse(`${WHERE}.key()`, "a CryptoKey of AES-GCM, for encrypt and decrypt, or { password }");
  checkEncryption(answer);
  return answer as GivenEncryption;
}
