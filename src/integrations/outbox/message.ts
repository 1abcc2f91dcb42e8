// What hooks, events and lists show of a stored request.

import type { Delivery, MessageView } from "../../index.js";
import type { DeadOutboxMessage, OutboxMessage } from "./options.js";
import { type StoredRequest, withoutFragment } from "./stored-request.js";
import { partsOfReason } from "./verdict.js";

/** A request that waits or is on its way, and what its last attempt came to. */
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

/** Of one in an encrypted queue that does not open there is no request. */
type Shown = Partial<Pick<StoredRequest, "url" | "method" | "idempotencyKey" | "metadata" | "refusal">>;

const shown = (
  { url = "", method = "", idempotencyKey = "", metadata }: Shown,
  { id, groupId, priority }: { readonly id: string; readonly groupId: string | null; readonly priority: number },
) => ({ id, url, method, groupId: groupId ?? "", priority, idempotencyKey, metadata });

/** Attempts that counted before there were repetitions. */
const asked = ({ refusal }: Shown): number => (refusal === undefined ? 0 : 1);

export const messageOf = (delivery: Delivery<StoredRequest>): OutboxMessage => ({
  ...shown(delivery.body, delivery),
  attempt: asked(delivery.body) + delivery.attempt,
  queuedAt: delivery.sentAt,
});

export const storedMessage = (
  stored: StoredRequest,
  at: { readonly id: string; readonly groupId: string; readonly priority: number },
): OutboxMessage => ({ ...shown(stored, at), attempt: asked(stored), queuedAt: Date.now() });

/** Of a request that nothing is stored of. */
export const firstMessage = (
  { url, method }: Request,
  rest: Pick<OutboxMessage, "groupId" | "priority" | "idempotencyKey" | "metadata">,
): OutboxMessage => ({ id: "", url: withoutFragment(url), method, ...rest, attempt: 1, queuedAt: Date.now() });

const bodyOf = ({ body }: MessageView<StoredRequest | undefined>): Shown => body ?? {};

const viewOf = (view: MessageView<StoredRequest>): OutboxMessage => ({
  ...shown(bodyOf(view), view),
  attempt: asked(bodyOf(view)) + view.attempts,
  queuedAt: view.sentAt,
});

export const waitingOf = (view: MessageView<StoredRequest>): WaitingOutboxMessage => {
  const lastFailure = view.error?.message ?? bodyOf(view).refusal ?? null;
  const { status: lastStatus } = partsOfReason(lastFailure ?? "");
  return { ...viewOf(view), state: view.state, dueAt: view.deliverAt, lastFailure, lastStatus };
};

export const deadOf = (view: MessageView<StoredRequest>): DeadOutboxMessage => {
  const { reason = "" } = view;
  return { ...viewOf(view), reason, ...partsOfReason(reason) };
};
