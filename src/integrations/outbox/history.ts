// What was delivered, kept for people to look up. Invariants: it is noted in the commit that forgets the request, so that
// none is missing and none stands there twice; where there is no room for it, the request is forgotten all the same.

import { QueueError } from "../../core/spec/errors.js";
import type { Delivery, MessageView, Queue } from "../../index.js";
import type { DeliveredOutboxMessage, OutboxMessage } from "./options.js";

export type Delivered = Omit<DeliveredOutboxMessage, "deliveredAt">;

/** The last ones alone: the oldest make room. */
export const historyOptions = (max: number) => ({ maxMessages: max, overflow: "drop-oldest" }) as const;
export const historyName = (outbox: string): string => `${outbox}:delivered`;

/** The request has arrived: it is forgotten, and noted where that is asked for. */
export async function ackNoting(delivery: Delivery, delivered: Delivered, history?: Queue<Delivered>): Promise<void> {
  if (history === undefined) return delivery.ack();
  try {
    await delivery.ack({ send: [{ queue: history, body: delivered }] });
  } catch (error) {
    if (!(error instanceof QueueError) || error.code === "lease-lost") throw error;
    await delivery.ack();
  }
}

/** In an encrypted queue: not if somebody has changed it. */
const isRead = ({ body }: MessageView<Delivered | undefined>): boolean => body !== undefined;

/** The latest first. */
export async function readHistory(history: Queue<Delivered>, kept: number, max: number) {
  const views = await history.peek({ max: kept });
  return views
    .filter(isRead)
    .slice(-max)
    .reverse()
    .map(({ body, sentAt }): DeliveredOutboxMessage => ({ ...body, deliveredAt: sentAt }));
}

/** Forgets those picked. */
export async function forgetDelivered(
  history: Queue<Delivered>,
  picks?: (message: OutboxMessage) => boolean,
): Promise<void> {
  if (picks === undefined) return void (await history.purge());
  for await (const page of history.peekPages()) {
    const ids = page.filter((view) => isRead(view) && picks(view.body)).map(({ id }) => id);
    if (ids.length > 0) await history.purge({ ids });
  }
}
