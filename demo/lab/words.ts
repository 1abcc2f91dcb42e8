// What the parts of the crash lab say to each other, on channels of the demo's own. The queue knows nothing of it.

export const DATABASE = "originmq-demo";

/** The channel on which the host's worker takes orders, from whichever tab. */
export const HOST_CHANNEL = "originmq-demo:lab-host";

export type HostOrder =
  | { readonly type: "close"; readonly id: string }
  | { readonly type: "stand-still"; readonly id: string; readonly ms: number };
/** Said right before it is done: from here the fault's time counts. */
export interface HostObeys {
  readonly type: "obeys";
  readonly id: string;
}

/** `work` takes `ms`; `poison` kills the worker that handles it; `endless` never ends. */
export type Deed = "work" | "poison" | "endless";

/** The body of a lab message. Numbers are unique in their run, so that the lab can tell lost from handled twice. */
export interface LabBody {
  readonly run: string;
  readonly number: number;
  readonly deed: Deed;
  readonly ms: number;
}

/** What consumers tell the lab. `handled` is said before the queue learns of it: no message is done and unheard of. */
export type Report =
  | { readonly type: "open"; readonly by: string }
  | {
      readonly type: "started" | "handled" | "dies" | "timed-out";
      readonly by: string;
      readonly run: string;
      readonly number: number;
      readonly attempt: number;
    };

/** Tells a crash-test consumer what to consume, and as whom. */
export interface ConsumerOrder {
  readonly name: string;
  readonly queue: string;
  readonly reports: string;
  readonly prefetch: number;
}
