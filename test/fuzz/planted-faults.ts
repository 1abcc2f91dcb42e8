// Faults of a server, one of each kind that the fuzzer claims to find, as changes to its source.

export interface PlantedFault {
  /** Below `src/`. */
  readonly file: string;
  /** Stands there once. */
  readonly from: string;
  readonly to: string;
  /** By then the odds are thousands to one that it has shown. */
  readonly frames: number;
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
    frames: 2_000,
    noticed: /the server has ended: 1[\s\S]*planted/,
  },
  "keeps of every frame a little": {
    file: LINE,
    from: "    const [kind] = bytes;",
    to: "    const [kind] = bytes; Reflect.set(globalThis, Math.random(), new Uint8Array(32_768));",
    frames: 2_000,
    noticed: /the heap has grown/,
  },
  "shows everybody what is in every queue": {
    file: ACCESS,
    from: "if (demand) assertAllowed(demand, client);",
    to: "",
    frames: 6_000,
    noticed: /frames held what their receiver may not see/,
  },
  "lets everybody send to every queue": {
    file: ACCESS,
    from: 'return [["send", command.queue]]',
    to: "return []",
    frames: 6_000,
    noticed: /what nobody had a right to has changed: totals/,
  },
  "lets everybody set up every queue": {
    file: ACCESS,
    from: 'case "configure":',
    to: 'case "configure": return [];',
    frames: 6_000,
    noticed: /what nobody had a right to has changed: (setUp|queues)/,
  },
};
