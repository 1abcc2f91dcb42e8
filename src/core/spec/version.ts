// What this build speaks, reads and is. Builds of one origin meet: yesterday's tab and today's, on one database.

/** A peer with another major version is not understood; a minor one adds what the other may ignore. */
export const WIRE_MAJOR = 1;
export const WIRE_MINOR = 8;
/** From this minor version on, a host takes what is measured by its clients, and watchers of statistics. */
export const MINOR_MEASURES = 1;
/** From this minor version on, either side takes bodies as JSON texts, and hosts take priorities and times as columns. */
export const MINOR_COLUMNS = 2;
/** From this minor version on, hosts say whether a group waits. */
export const MINOR_GROUPS = 3;
/** From this minor version on, hosts say what is delivered again, and take from clients what was never started. */
export const MINOR_REDELIVERED = 3;
/** From this minor version on, an answer to `peek` and `dead-letters` is a page, bounded in bytes, that says whether it was cut. */
export const MINOR_PAGES = 3;
/** From this minor version on, a client says which of its consumers holds what it was handed by an earlier host. */
export const MINOR_HOLDERS = 3;
/** From this minor version on, either side of a link takes the last words of a page that goes, which nobody answers. */
export const MINOR_LAST_WORDS = 3;
/** From this minor version on, a client is told of losses that are found after its hello was answered. */
export const MINOR_LOSSES = 3;
/** From this minor version on, hosts purge by id. */
export const MINOR_PURGE_IDS = 3;
/** From this minor version on, hosts say how far a redrive in parts may go, and keep to it. */
export const MINOR_PLACES = 3;
/** From this minor version on, hosts say who is connected. */
export const MINOR_CLIENTS = 3;
/** From this minor version on, hosts know single active consumers. */
export const MINOR_SINGLE_ACTIVE = 3;
/** From this minor version on, hosts replace the bodies of messages that are named. */
export const MINOR_REPLACE = 4;
/** From this minor version on, hosts show all that they have to inspectors, and `peek` skips. */
export const MINOR_INSPECT = 4;
/** From this minor version on, hosts check what is stored. */
export const MINOR_CHECK = 4;
/** From this minor version on, hosts show a queue as it was at one moment. */
export const MINOR_SNAPSHOT = 6;

/** A greater major is refused untouched; a greater minor only adds fields. */
export const FORMAT_MAJOR = 4;
export const FORMAT_MINOR = 1;

/** Rises with every release. */
export const BUILD = 1;

export interface Version {
  readonly wire: number;
  readonly format: number;
  readonly build: number;
}

export const VERSION: Version = { wire: WIRE_MAJOR, format: FORMAT_MAJOR, build: BUILD };

/** Negative when `a` is older than `b`, 0 when they are the same. */
export const compareVersions = (a: Version, b: Version): number =>
  a.wire - b.wire || a.format - b.format || a.build - b.build;
