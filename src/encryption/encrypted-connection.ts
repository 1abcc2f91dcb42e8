// What a connection can do with the key that it was opened with, beside what every connection can.

import type { Client } from "../client/connection/client.js";
import type { Connection, ConnectionEventMap } from "../client/connection/connection.js";
import type { EncryptedConnection, EncryptedConnectionEventMap } from "../client/connection/encrypted-connection.js";
import type { Sealing } from "../client/queue/sealing.js";
import { abortable } from "../client/runtime/abortable.js";
import { checkQueueName } from "../client/sending/options.js";
import { abortSignal, aFunction, checkOptions } from "../core/spec/check.js";
import { encryptQueue } from "./encrypt-queue.js";
import type { Lock } from "./lock.js";
import { checkKeyAlone, type GivenEncryption, givenBy } from "./options.js";
import { type KeyStore, rewrap, shred } from "./unlock.js";
import { destroyedHere, type KeyWatch } from "./watch.js";

export interface KeyParts {
  readonly store: KeyStore;
  readonly id: string;
  readonly watch: KeyWatch;
  /** What it was opened with; once it is, where it is locked. */
  opened(): Promise<{ readonly encryption: GivenEncryption }>;
  readonly lock: Lock | undefined;
  readonly client: Client;
  readonly sealing: Sealing;
}

const ENCRYPT_SPEC = { onProgress: aFunction, signal: abortSignal };
const OF_KEY: ReadonlySet<string> = new Set(["rekeyed", "shredded"] satisfies (keyof EncryptedConnectionEventMap)[]);

export function encryptedConnection(
  connection: Connection,
  { store, id, watch, opened, lock, client, sealing }: KeyParts,
): EncryptedConnection {
  let current: GivenEncryption | undefined;
  let changing: Promise<unknown> = Promise.resolve();
  const { addEventListener, removeEventListener, openQueue } = connection;
  const more: Pick<EncryptedConnection, "rekey" | "encrypt" | "shred" | "addEventListener" | "removeEventListener"> = {
    async rekey(next) {
      checkKeyAlone(next);
      watch.shredded.throwIfAborted();
      const { encryption: first } = await opened();
      const given = await givenBy(next, watch.over);
      // One begins with what the one called before it has left.
      const changed = changing.then(async () => {
        await rewrap(store, id, current ?? first, given);
        current = given;
      });
      changing = changed.catch(() => {});
      await changed;
      await watch.look();
    },
    async encrypt(name, options = {}) {
      checkQueueName(name);
      checkOptions("encrypt()", options, ENCRYPT_SPEC);
      await abortable(opened(), options.signal);
      await encryptQueue(client, name, sealing.queue(name), options);
    },
    async shred() {
      destroyedHere.add(id);
      await shred(store, id).catch((error) => {
        destroyedHere.delete(id);
        throw error;
      });
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
  const encrypted = Object.assign(connection, more);
  Object.defineProperty(encrypted, "locked", { get: () => lock?.isLocked ?? false });
  if (!lock) return encrypted as EncryptedConnection;
  const locked = {
    openQueue: async (...opened: Parameters<Connection["openQueue"]>) => lock.tellOn(await openQueue(...opened)),
  };
  return lock.tellOn(Object.assign(encrypted, locked)) as EncryptedConnection;
}
