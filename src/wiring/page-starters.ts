// The workers that come with this package, once the entry that names their files was imported: by `import.meta`, which a
// classic script, such as a service worker as most tools build it, must not hold. So no other entry names them.

import type { ClientStarters } from "./api.js";

let offered: ClientStarters | undefined;

export function offerStarters(starters: ClientStarters): void {
  offered = starters;
}

export const offeredStarters = (): ClientStarters | undefined => offered;
