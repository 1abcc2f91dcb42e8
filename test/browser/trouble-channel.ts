/** On it a worker is told with `isBroken` what becomes of its storage; it answers `tries`, its openings since it broke. */
export const troubleChannel = (name: string): string => `trouble:${name}`;
