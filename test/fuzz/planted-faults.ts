// Faults of a server, one of each kind that the fuzzer claims to find, as changes to its source.

export interface PlantedFault {
  /** Below `src/`. */
  readonly file: string;
  /** Stands there once. */
  readonly from: string;
  readonly to: string;
  /** What the fuzzer has to say of it. */
  readonly noticed: RegExp;
}

const LINE = "link/socket/line.ts";
const ACCESS = "host/clients/access.ts";

export const PLANTED_FAULTS: Readonly<Record<string, PlantedFault>> = {
  "ends at a message that cannot be read": {
    file: LINE,
    from: "    // Whatever it is: bytes of a stranger end nothing but their own message.",
    to: '    queueMicrotask(() => { throw new Error("planted"); });',
    noticed: /the server has ended: 1[\s\S]*planted/,
  },
  "keeps of every frame a little": {
    file: LINE,
    from: "    const [kind] = bytes;",
    to: "    const [kind] = bytes; Reflect.set(globalThis, Math.random(), new Uint8Array(32_768));",
    noticed: /the heap has grown/,
  },
  "lets everybody take from every queue": {
    file: ACCESS,
    from: 'return ["consume", request.queue]',
    to: "return undefined",
    noticed: /frames held what their receiver may not see/,
  },
  "lets everybody read every queue": {
    file: ACCESS,
    from: 'return ["peek", request.queue]',
    to: "return undefined",
    noticed: /frames held what their receiver may not see/,
  },
  "lets everybody send to every queue": {
    file: ACCESS,
    from: 'return [["send", command.queue]]',
    to: "return []",
    noticed: /what nobody had a right to has changed/,
  },
  "lets everybody set up every queue": {
    file: ACCESS,
    from: 'return [[Object.keys(command.settings).length > 0 ? "manage" : "any", command.queue]]',
    to: "return []",
    noticed: /what nobody had a right to has changed[\s\S]*isPaused/,
  },
  "lets everybody pause, purge and delete every queue": {
    file: ACCESS,
    from: 'return [["manage", command.queue]]',
    to: "return []",
    noticed: /what nobody had a right to has changed/,
  },
};
