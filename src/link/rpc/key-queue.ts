// Where the key of a database is, for who encrypts and for who guards it.

import { OWN_QUEUE_PREFIX } from "./own-names.js";

/** The queue whose one setting is the key of the database, wrapped: no message is ever in it. */
export const KEY_QUEUE = `${OWN_QUEUE_PREFIX}key`;
/** From this minor version on, hosts know encrypted queues. */
export const MINOR_ENCRYPTION = 5;
