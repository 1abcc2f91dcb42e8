// A message on its way across a bridge, as plain data: what every source can say of one, and every target is given.

/** Names and texts, as a queue's messages have them. */
export type MessageHeaders = Readonly<Record<string, string>>;

/** A message on its way, as plain data. */
export interface BridgeMessage {
  /** Names the message for ever: the other side's deduplication id. */
  readonly id: string;
  /** A value that structured clone keeps. */
  readonly body: unknown;
  /** What the source said the body is written in; `null` where it is a value of a queue, which is written in nothing yet. */
  readonly contentType: string | null;
  /** Those of the sender, the context of its trace (`traceparent`, `tracestate`) among them. */
  readonly headers: MessageHeaders;
  /** 0 to 9, high first. */
  readonly priority: number;
  /** `null` when it was sent without one. */
  readonly groupId: string | null;
  /** Epoch milliseconds of acceptance by the source. */
  readonly sentAt: number;
  /** Epoch milliseconds from which on nobody is to handle it; `null` when it never expires. */
  readonly expiresAt: number | null;
  /** It may have been sent before: the bridge died meanwhile, or did not hear what became of it. */
  readonly redelivered: boolean;
}
