// How contexts find the host when they have no port to it, and how hosts settle among themselves who it should be.
// All of it on one BroadcastChannel. Hints again: the lock says who hosts, the epoch says who may write.

import { LINKED_MAX } from "../../core/spec/limits.js";
import { compareVersions, type Version } from "../../core/spec/version.js";
import { failed } from "../rpc/failed.js";
import type { Port } from "../rpc/guard.js";
import { HOST_KINDS, type HostKind } from "../rpc/wire.js";
import { OPENED } from "./opening.js";

/** Something shaped like a BroadcastChannel. */
export type Channel = Required<Pick<Port, "close">> & Omit<Port, "start" | "close" | "dispatchEvent">;
export type OpenChannel = (name: string) => Channel;

/** A context that hosts, or could. */
export interface Candidate {
  readonly kind: HostKind;
  readonly version: Version;
}

type Message =
  /** Who hosts? */
  | { readonly type: "originmq:where"; readonly id: string }
  /** This context could host: is it a better one? */
  | { readonly type: "originmq:stand"; readonly id: string; readonly candidate: Candidate }
  /** Serve a client on the channel of this name. */
  | { readonly type: "originmq:link"; readonly channel: string }
  /**
   * The host's answer; `yields`: it lets go now, for the candidate that asked. Also said unasked, with an empty id, once
   * its queues are open: clients of a host that hangs learn of the next one only so.
   */
  | {
      readonly type: "originmq:here";
      readonly id: string;
      readonly host: Candidate;
      readonly yields: boolean;
      /** Its term; missing until its queues are open. */
      readonly epoch?: number | undefined;
    };

/** Newer first, then by rank: the newer build knows what the older one stored, not the other way round. */
export function isBetter(candidate: Candidate, host: Candidate): boolean {
  const newer = compareVersions(candidate.version, host.version);
  return newer > 0 || (newer === 0 && HOST_KINDS.indexOf(candidate.kind) < HOST_KINDS.indexOf(host.kind));
}

const isMessage = (data: unknown): data is Message =>
  typeof data === "object" && data !== null && typeof Reflect.get(data, "type") === "string";

/** The first repetition of a question; each further one comes after twice the time. */
const REPEAT_MS = 50;

export interface Directory {
  /** Says that the queues are open, in this term. */
  opened(epoch: number): void;
  close(): void;
}

/** The host's end: answers who it is, serves clients that ask for a channel, and yields to a better candidate. */
export function serveDirectory(
  channel: Channel,
  host: Candidate,
  /** `onLink`: returns what says the answer; called once for each channel, however often it is asked for. */
  events: { onLink(channel: string): () => void; onBetter(): void },
): Directory {
  const answers = new Map<string, () => void>();
  const link = (name: string) => {
    const answerNow = answers.get(name) ?? events.onLink(name);
    answers.set(name, answerNow);
    for (const oldest of answers.keys()) if (answers.size > LINKED_MAX) answers.delete(oldest);
    answerNow();
  };
  const onMessage = ({ data }: MessageEvent) => {
    if (!isMessage(data)) return;
    if (data.type === "originmq:link" && typeof data.channel === "string") link(data.channel);
    if (data.type === "originmq:where") answer(data.id, false);
    if (data.type === "originmq:stand") {
      const yields = isBetter(data.candidate, host);
      answer(data.id, yields);
      if (yields) events.onBetter();
    }
  };
  let epoch: number | undefined;
  const answer = (id: string, yields: boolean) =>
    channel.postMessage({ type: "originmq:here", id, host, yields, epoch } satisfies Message);
  channel.addEventListener("message", onMessage);
  return {
    opened(term) {
      epoch = term;
      answer("", false);
    },
    close() {
      channel.removeEventListener("message", onMessage);
      channel.close();
    },
  };
}

export interface Asking {
  readonly openChannel: OpenChannel;
  readonly directory: string;
  setTimer(callback: () => void, ms: number): () => void;
  uuid(): string;
}

export type Answer = Pick<Extract<Message, { type: "originmq:here" }>, "host" | "yields">;

/** Posts until it is cancelled: who becomes the host a moment later has not heard the first question. */
function repeatedly(asking: Asking, post: () => void): () => void {
  let cancel = () => {};
  const again = (ms: number) => {
    post();
    cancel = asking.setTimer(() => again(2 * ms), ms);
  };
  again(REPEAT_MS);
  return () => cancel();
}

/** Asks who hosts; `undefined` when nobody answers in time. With a candidate: and whether the host yields to it. */
export function askHost(asking: Asking, timeoutMs: number, candidate?: Candidate): Promise<Answer | undefined> {
  const channel = asking.openChannel(asking.directory);
  const id = asking.uuid();
  return new Promise((resolve) => {
    const end = (answer: Answer | undefined) => {
      cancel();
      stopAsking();
      channel.close();
      resolve(answer);
    };
    const cancel = asking.setTimer(() => end(undefined), timeoutMs);
    channel.addEventListener("message", ({ data }) => {
      if (isMessage(data) && data.type === "originmq:here" && data.id === id)
        end({ host: data.host, yields: data.yields });
    });
    const question: Message = candidate ? { type: "originmq:stand", id, candidate } : { type: "originmq:where", id };
    const stopAsking = repeatedly(asking, () => channel.postMessage(question));
  });
}

/** Calls with the term of each host that speaks on the directory; returns what ends it. */
export function listenForHosts({ openChannel, directory }: Asking, onHost: (epoch: number) => void): () => void {
  const channel = openChannel(directory);
  channel.addEventListener("message", ({ data }) => {
    if (isMessage(data) && data.type === "originmq:here" && typeof data.epoch === "number") onHost(data.epoch);
  });
  return () => channel.close();
}

/** A port and the lock that is free once who is behind it is gone. */
export interface OpenedPort {
  readonly port: Port;
  readonly lock: string | undefined;
  /** What was said on the port before it was known that a host serves it has reached the host. */
  readonly isHeard?: boolean;
}

/** A port to the host over a channel of its own; `undefined` when no host opens its end in time, or it is ending. */
export function linkOverChannel(asking: Asking, timeoutMs: number): Promise<OpenedPort | undefined> {
  const name = `${asking.directory}:${asking.uuid()}`;
  const directory = asking.openChannel(asking.directory);
  const answers = asking.openChannel(name);
  return new Promise((resolve) => {
    const end = (linked: OpenedPort | undefined) => {
      cancel();
      stopAsking();
      directory.close();
      answers.close();
      resolve(linked);
    };
    const cancel = asking.setTimer(() => end(undefined), timeoutMs);
    answers.addEventListener("message", ({ data }) => {
      const { type, ok, channel, lock } = (data ?? {}) as Partial<Linked>;
      if (type !== OPENED) return;
      if (ok !== true || typeof channel !== "string") return end(undefined);
      end({ port: asking.openChannel(channel), lock: typeof lock === "string" ? lock : undefined });
    });
    const stopAsking = repeatedly(asking, () => directory.postMessage({ type: "originmq:link", channel: name }));
  });
}

/** The host's answer on the channel that the client named. */
interface Linked {
  readonly type: typeof OPENED;
  readonly ok: true;
  /** Where it listens: a channel that no other host has opened. */
  readonly channel: string;
  readonly lock: string | undefined;
}

/**
 * The host's end of a link that a client asked for on the channel `name`; returns what answers, once there is a host. A
 * host that is deposed and does not know it hears the same request: were the link on that channel itself, both would
 * answer all that the client asks.
 */
export function answerLink(
  { openChannel, uuid }: Pick<Asking, "openChannel" | "uuid">,
  name: string,
  host: Promise<{ connect(port: Port): void; readonly lock?: string | undefined }>,
): () => void {
  const channel = `${name}:${uuid()}`;
  const linked = host.then((opened) => {
    const port = openChannel(channel);
    try {
      opened.connect(port);
      return { type: OPENED, ok: true, channel, lock: opened.lock } satisfies Linked;
    } catch (error) {
      port.close();
      return { type: OPENED, ...failed(error) };
    }
  });
  return () => {
    const say = (answer: unknown) => {
      const answers = openChannel(name);
      answers.postMessage(answer);
      answers.close();
    };
    linked.then(say, () => {});
  };
}
