// What bridges are tortured over: an engine that can be killed and paused, and tells in the end what has arrived there.

import type { StreamName } from "../streams.js";

export interface Engine {
  /** `HOST:PORT`. */
  readonly address: string;
  /** What the bridge's process is told beside the address: kind, and options of the target as JSON. */
  readonly target: readonly [kind: "jetstream" | "mqtt", options: string];
  kill(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  start(): Promise<void>;
  /** Stopped: it answers nothing, and closes nothing. */
  pause(): void;
  resume(): void;
  /** Takes nothing more of what has groups, until it is told by what this resolves with. Where it can be full. */
  fill?(): Promise<() => Promise<unknown>>;
  /** Lets the bridge in no more, for so long. Where there are accounts. */
  revoke?(forMs: number): Promise<void>;
  /** How many have arrived, of what has no groups. */
  count(): Promise<number>;
  /** Each message that has arrived, in order. */
  arrived(name: StreamName): Promise<Arrived[]>;
  /** Whether what has no groups arrives in its order, whatever fails. */
  readonly isOrdered: boolean;
  close(): Promise<void>;
}

export interface Arrived {
  readonly body: string;
  readonly id: string;
}
