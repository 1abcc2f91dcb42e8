// What hooks, events and lists show of a stored request.

import type { Delivery, MessageView } from "../../index.js";
import type { DeadOutboxMessage, OutboxMessage } from "./options.js";
import { type StoredRequest, withoutFragment } from "./stored-request.js";
import { partsOfReason } from "./verdict.js";

export interface WaitingOutboxMessage extends OutboxMessage {
  /** `blocked`: behind another one of its group. `leased`: on its way. */
  readonly state: MessageView["state"];
  /** Epoch milliseconds before which it is not repeated; `null` when it may be at once. */
  readonly dueAt: number | null;
  /** What the last answer was; `null` before there was one. */
  readonly lastFailure: string | null;
  /** The status of that answer. */
  readonly lastStatus: number | null;
}

const shown = (
  { url, method, idempotencyKey, metadata }: StoredRequest,
  { id, groupId, priority }: { readonly id: string; readonly groupId: string | null; readonly priority: number },
) => ({ id, url, method, groupId: groupId ?? "", priority, idempotencyKey, metadata });

export const messageOf = (delivery: Delivery<StoredRequest>): OutboxMessage => ({
  ...shown(delivery.body, delivery),
  attempt: delivery.attempt,
  queuedAt: delivery.sentAt,
});

export const storedMessage = (
  stored: StoredRequest,
  at: { readonly id: string; readonly groupId: string; readonly priority: number },
): OutboxMessage => ({ ...shown(stored, at), attempt: 0, queuedAt: Date.now() });

/** Of a request that nothing is stored of. */
export const firstMessage = (
  { url, method }: Request,
  rest: Pick<OutboxMessage, "groupId" | "priority" | "idempotencyKey" | "metadata">,
): OutboxMessage => ({ id: "", url: withoutFragment(url), method, ...rest, attempt: 0, queuedAt: Date.now() });

const viewOf = (view: MessageView<StoredRequest>): OutboxMessage => ({
  ...shown(view.body, view),
  attempt: view.attempts,
  queuedAt: view.sentAt,
});

export const waitingOf = (view: MessageView<StoredRequest>): WaitingOutboxMessage => ({
  ...viewOf(view),
  state: view.state,
  dueAt: view.deliverAt,
  lastFailure: view.error?.message ?? null,
  lastStatus: partsOfReason(view.error?.message ?? "").status,
});

export const deadOf = (view: MessageView<StoredRequest>): DeadOutboxMessage => {
  const { reason = "" } = view;
  return { ...viewOf(view), reason, ...partsOfReason(reason) };
};
