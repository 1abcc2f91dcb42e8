// The part that encrypts, for contexts that load nothing later (service workers, Cloudflare's Workers) and entries that name
// no file: it is there once "originmq/encryption" was imported, and who imports it not has nothing of it.

import { QueueError } from "../core/spec/errors.js";
import type { ClientStarters } from "./api.js";

let offered: ClientStarters["sealing"] | undefined;

export function offerSealing(sealing: ClientStarters["sealing"]): void {
  offered = sealing;
}

/** Rejects with `unsupported` where nobody has offered it. */
export const offeredSealing: ClientStarters["sealing"] = async (...opened) => {
  if (offered) return offered(...opened);
  const message = 'nothing here can encrypt: add import "originmq/encryption" to this script';
  throw new QueueError("unsupported", message, { detail: { name: "encryption" } });
};

/** Of who connects, and opens no queue by itself. */
export const CONNECTS_ONLY: Pick<ClientStarters, "sealing" | "local"> = {
  sealing: offeredSealing,
  async local() {
    throw new QueueError("unsupported", "queues that are local first are not for this entry");
  },
};
