// The part that encrypts, for scripts that load nothing later: service workers, and Cloudflare's Workers. To import it is all:
// the entries beside it find it. Pages need it not, whose entries load it where a key is given.

import { offerSealing } from "./wiring/offered-sealing.js";
import { openSealing } from "./wiring/sealing.js";

export type { Encryption } from "./index.js";

offerSealing(openSealing);
