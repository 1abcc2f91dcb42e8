// Where the key of a database is, for who encrypts, who guards it, and who destroys it.

/** The queue whose one setting is the key of the database, wrapped: no message is ever in it. */
export const KEY_QUEUE = "originmq:key";
/** From this minor version on, hosts know encrypted queues. */
export const MINOR_ENCRYPTION = 5;
/** From this minor version on, hosts destroy the key of a database with all that it has encrypted. */
export const MINOR_SHRED = 6;
/** From this minor version on, hosts measure messages that were sealed together as what they are. */
export const MINOR_SHARES = 7;
/** From this minor version on, hosts have what a queue holds encrypted. */
export const MINOR_ENCRYPT = 8;
