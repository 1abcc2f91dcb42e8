// The workers that come with this package, once the entry that names their files was imported: by `import.meta`, which a
// classic script, such as a service worker as most tools build it, must not hold. So no other entry names them.

import type { Starters } from "./transport.js";

let offered: Starters | undefined;

export function offerStarters(starters: Starters): void {
  offered = starters;
}

export const offeredStarters = (): Starters | undefined => offered;
