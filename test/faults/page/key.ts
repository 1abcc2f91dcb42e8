// The key of what is encrypted here, the same in every page and service worker.

import type { ConnectOptions } from "../../../src/index.js";

const sameKey = () =>
  crypto.subtle.importKey("raw", new Uint8Array(32).fill(7), "AES-GCM", false, ["encrypt", "decrypt"]);

export const encryptionOf = async (isEncrypted = false): Promise<Pick<ConnectOptions, "encryption">> =>
  isEncrypted ? { encryption: { key: await sameKey() } } : {};
