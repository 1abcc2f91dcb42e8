// A real host over a store in memory, in this process, and raw links to it: what a client of another build, or a
// hostile one, can send.

import type { Held } from "../../../src/core/commands/commands.js";
import { accessOf, createGuard, type Grant } from "../../../src/host/clients/access.js";
import { createPlatform, type Platform } from "../../../src/host/engine/platform.js";
import { type Host, openHost } from "../../../src/host/host.js";
import { type Link, openLink } from "../../../src/link/rpc/link.js";
import type {
  ClientRequest,
  FoundMissing,
  HandOut,
  HeldReply,
  HostRequest,
  NumberedCommand,
  SubmitReply,
  Welcome,
} from "../../../src/link/rpc/wire.js";
import type { LogStore } from "../../../src/store/log-store.js";
import { createMemoryDisk, createMemoryStore } from "../../../src/store/memory/memory.js";

export interface RawClient {
  readonly port: MessagePort;
  readonly link: Link<HostRequest>;
  readonly welcome: Welcome;
  /** What the host has pushed. */
  readonly pushed: HandOut[];
  /** Leases that the host has said are lost. */
  readonly lost: ClientRequest[];
  /** What the host has found missing after its welcome. */
  readonly missing: FoundMissing[];
  submit(...commands: NumberedCommand[]): Promise<SubmitReply>;
}

export interface RawOptions {
  /** Of the wire that it speaks; 0, unless said. */
  readonly minor?: number;
  readonly held?: readonly Held[];
  /** Answers the host's question what is held; nothing, unless said. */
  readonly onHeld?: () => HeldReply | Promise<HeldReply>;
  /** How often the host has heard of it, as over a network. */
  readonly heard?: () => number;
  /** What it may do; everything, unless said. */
  readonly grant?: Grant;
}

export interface TestHost {
  readonly host: Host;
  readonly notices: unknown[];
  connect(client: string, options?: RawOptions): Promise<RawClient>;
  /** A port on which nothing was said yet. */
  port(grant?: Grant): MessagePort;
}

export async function startHost(
  parts: { store?: LogStore; platform?: Partial<Platform>; checkpointRecords?: number; entriesAtOnce?: number } = {},
): Promise<TestHost> {
  const notices: unknown[] = [];
  const platform: Platform = {
    ...createPlatform("test", { locks: undefined, canary: undefined }),
    announce: (notice) => notices.push(notice),
    ...parts.platform,
  };
  const store = parts.store ?? createMemoryStore({ disk: createMemoryDisk() });
  const { checkpointRecords, entriesAtOnce } = parts;
  const presenceLock = (client: string) => `client:${client}`;
  const host = await openHost({ kind: "in-process", store, platform, presenceLock, checkpointRecords, entriesAtOnce });
  const port = (grant?: Grant, heard?: () => number) => {
    const { port1, port2 } = new MessageChannel();
    host.connect(heard ? Object.assign(port2, { heard }) : port2, grant && createGuard(accessOf(grant)));
    return port1;
  };
  return {
    host,
    notices,
    port,
    async connect(client, { minor = 0, held = [], onHeld = () => ({ held: [], running: [] }), heard, grant } = {}) {
      const own = port(grant, heard);
      const pushed: HandOut[] = [];
      const lost: ClientRequest[] = [];
      const missing: FoundMissing[] = [];
      const link = openLink<HostRequest, ClientRequest>(own, {
        serve(request) {
          if (request.op === "deliver") pushed.push(request.handOut);
          if (request.op === "lost") lost.push(request);
          if (request.op === "losses") missing.push(request);
          return request.op === "held" ? onHeld() : undefined;
        },
      });
      const welcome = await link.call<Welcome>({ op: "hello", wire: [1, minor], client, held });
      const submit = (...commands: NumberedCommand[]) =>
        link.call<SubmitReply>({ op: "submit", confirmed: 0, commands });
      return { port: own, link, welcome, pushed, lost, missing, submit };
    },
  };
}

/** The same with texts, a line each, of which the segments say that they are so many. */
export const sendTexts = (number: number, bodies: string, count = bodies.split("\n").length): NumberedCommand => ({
  number,
  command: { type: "send", queue: "q", atomic: true, segments: [{ count, priority: 4 }], bodies },
});

/** A command that sends these bodies to the queue "q". */
export const sendOf = (number: number, ...bodies: unknown[]): NumberedCommand => ({
  number,
  command: { type: "send", queue: "q", atomic: true, segments: [{ count: bodies.length, priority: 4 }], bodies },
});
