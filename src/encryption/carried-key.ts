// A key that goes with what it has sealed, wrapped by the caller's, where there is no database to keep it: of a backup, of
// what crosses a bridge.

import { invalid } from "../core/spec/check.js";
import type { Keyring } from "./keyring.js";
import { checkKeyAlone, type GivenEncryption, givenBy } from "./options.js";
import { type KeyStore, unlock } from "./unlock.js";

/** What it belongs to, in messages: "the backup"; and why no key of an origin opens that. */
export interface Carrier {
  readonly what: string;
  readonly outlives: string;
}

/** Asks for the key where it is a function. Rejects with `invalid-argument` where it is none that can be carried. */
export async function givenToCarry(encryption: unknown, { outlives }: Carrier): Promise<GivenEncryption> {
  checkKeyAlone(encryption);
  if ("generate" in encryption) invalid("encryption.generate", true, `left out: ${outlives}`);
  return givenBy(encryption);
}

/** A new one, and what is to go with what it seals. */
export async function makeCarried(
  given: GivenEncryption,
  carrier: Carrier,
): Promise<{ readonly keyring: Keyring; readonly record: string }> {
  let record = "";
  const keyring = await unlocked(given, carrier, {
    read: async () => undefined,
    async write(written) {
      record = written;
    },
  });
  return { keyring, record };
}

/**
 * Rejects with `wrong-key`, and with `tampered` where it is no such record. Its iterations stay what they are, and are not done
 * (`wrong-key`) where they are more than a stranger may ask for, and than the caller's own.
 */
export const openCarried = (record: string, given: GivenEncryption, carrier: Carrier): Promise<Keyring> =>
  unlocked(given, carrier, { read: async () => record, write: async () => {} });

async function unlocked(
  given: GivenEncryption,
  { what }: Carrier,
  { read, write }: Pick<KeyStore, "read" | "write">,
): Promise<Keyring> {
  const never = () => Promise.reject(new Error(`${what} is not destroyed`));
  // Nothing in it is of a later form, and builds before read it.
  const store: KeyStore = { name: what, what, form: 2, read, write, canDestroy: never, destroy: never };
  return (await unlock(store, given)).keyring;
}
