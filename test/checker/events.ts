// What a history is made of: plain events, one after the other, that survive JSON. The simulator and the browser
// tests write them; `check` reads them. Bodies are `producer-counter`, counters rise from 0 in the order of the sends.

interface Happened {
  /** Milliseconds on one clock that all writers of the history share and that never jumps. */
  readonly at: number;
  /** For people: the host that the writer knew then, and the time on the writer's own clock. */
  readonly epoch?: number;
  readonly wroteAt?: number;
}

interface OfConsumer extends Happened {
  readonly consumer: string;
  /** From here on it may happen at any moment, until the next such event of this consumer. Missing: now. */
  readonly begins?: boolean;
}

interface OfDelivery extends Happened {
  readonly consumer: string;
  readonly body: string;
  readonly id: string;
  readonly attempt: number;
  /** Tells two hand-outs to one consumer with the same attempt apart. Any text that is new for each. */
  readonly token?: string;
}

export type Verdict = "ack" | "retry" | "release" | "dead-letter";

export type HistoryEvent =
  /** A send was called. `delayMs`: not to be delivered before. */
  | (Happened & {
      readonly type: "send";
      readonly producer: string;
      readonly body: string;
      readonly priority?: number;
      readonly delayMs?: number;
      readonly groupId?: string;
    })
  /** It resolved: the message is accepted. */
  | (Happened & { readonly type: "sent"; readonly body: string; readonly id: string })
  /** It was refused: the message was not accepted, and never will be. */
  | (Happened & { readonly type: "send-failed"; readonly body: string; readonly code?: string })
  /** Nobody will hear its outcome: the producer died, or its connection ended. A send without outcome counts as this. */
  | (Happened & { readonly type: "send-unknown"; readonly body: string; readonly code?: string })
  /**
   * A handler starts (or `receive` returned it). What only waited in a buffer is not delivered. `leaseMs`: how long its lease
   * lasts, where nobody renews it.
   */
  | (OfDelivery & { readonly type: "delivered"; readonly leaseMs?: number })
  /** A handler settles, by a call or by its end. `delayMs`: the delay it asks for. */
  | (OfDelivery & { readonly type: "settle"; readonly verdict: Verdict; readonly delayMs?: number })
  /** The settlement resolved. Not written for a handler that only returned: then its outcome is unknown. */
  | (OfDelivery & { readonly type: "settled"; readonly verdict: Verdict })
  /** The settlement rejected. `lease-lost`: it has no effect. Anything else: nobody knows. */
  | (OfDelivery & { readonly type: "settle-failed"; readonly verdict: Verdict; readonly code: string })
  /** The delivery's signal aborted: `timeout`, `lease-lost`, `closed`. */
  | (OfDelivery & { readonly type: "aborted"; readonly code: string })
  /** A consumer, or the page or worker it lives in, died. */
  | (OfConsumer & { readonly type: "crash" })
  /** A consumer's page was put to sleep: what it holds goes back. */
  | (OfConsumer & { readonly type: "suspend" })
  /** A consumer's page, or its worker, stood still for a while, so that no host could ask it anything, or tell it. */
  | (OfConsumer & { readonly type: "stall" })
  /** The host died, or another took over, with its consent where `isPlanned`. A living consumer must not notice. */
  | (Happened & { readonly type: "host-lost"; readonly isPlanned?: boolean })
  /** The wall clock was moved, forward where positive: what waits for it waits less by as much. */
  | (Happened & { readonly type: "clock"; readonly byMs: number })
  /** At the end: a dead letter. */
  | (Happened & { readonly type: "dead"; readonly body: string; readonly id: string; readonly reason: string })
  /** At the end: still in the queue. */
  | (Happened & { readonly type: "waiting"; readonly body: string; readonly id: string })
  /** At the end: what the queue counted. */
  | (Happened & { readonly type: "stats"; readonly queue?: string } & Counted);

/** `QueueStats` and its totals, flat. */
export interface Counted {
  readonly ready: number;
  readonly delayed: number;
  readonly leased: number;
  readonly blocked: number;
  readonly dead: number;
  readonly accepted: number;
  readonly acked: number;
  readonly dropped: number;
  readonly purged: number;
  readonly replaced: number;
  readonly quarantined: number;
}

export type History = readonly HistoryEvent[];
export type Of<Type extends HistoryEvent["type"]> = Extract<HistoryEvent, { type: Type }>;
