// What a connection can do with the key that it was opened with, beside what every connection can.

import type { Client } from "../client/connection/client.js";
import type { Connection, ConnectionEventMap } from "../client/connection/connection.js";
import type { EncryptedConnection, EncryptedConnectionEventMap } from "../client/connection/encrypted-connection.js";
import type { Sealing } from "../client/queue/sealing.js";
import { checkQueueName } from "../client/sending/options.js";
import { abortSignal, aFunction, checkOptions } from "../core/spec/check.js";
import { encryptQueue } from "./encrypt-queue.js";
import { checkEncryption, type GivenEncryption, givenBy } from "./options.js";
import { type KeyStore, rewrap, shred } from "./unlock.js";
import type { KeyWatch } from "./watch.js";

export interface KeyParts {
  readonly store: KeyStore;
  readonly id: string;
  readonly watch: KeyWatch;
  /** What it was opened with. */
  readonly encryption: GivenEncryption;
  readonly client: Client;
  readonly sealing: Sealing;
}

const ENCRYPT_SPEC = { onProgress: aFunction, signal: abortSignal };
const OF_KEY: ReadonlySet<string> = new Set(["rekeyed", "shredded"] satisfies (keyof EncryptedConnectionEventMap)[]);

export function encryptedConnection(
  connection: Connection,
  { store, id, watch, encryption, client, sealing }: KeyParts,
): EncryptedConnection {
  let current = encryption;
  const { addEventListener, removeEventListener } = connection;
  const more: Pick<EncryptedConnection, "rekey" | "encrypt" | "shred" | "addEventListener" | "removeEventListener"> = {
    async rekey(next) {
      checkEncryption(next);
      watch.shredded.throwIfAborted();
      const given = await givenBy(next, watch.over);
      await rewrap(store, id, current, given);
      current = given;
      await watch.look();
    },
    async encrypt(name, options = {}) {
      checkQueueName(name);
      checkOptions("encrypt()", options, ENCRYPT_SPEC);
      await encryptQueue(client, name, sealing.queue(name), options);
    },
    async shred() {
      await shred(store, id);
      await watch.look();
    },
    addEventListener(type, listener) {
      if (OF_KEY.has(type)) watch.events.addEventListener(type, listener as EventListener);
      else addEventListener(type as keyof ConnectionEventMap, listener as () => void);
    },
    removeEventListener(type, listener) {
      watch.events.removeEventListener(type, listener as EventListener);
      removeEventListener(type as keyof ConnectionEventMap, listener as () => void);
    },
  };
  return Object.assign(connection, more);
}
