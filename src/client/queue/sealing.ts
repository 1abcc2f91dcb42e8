// What is hidden from the host of an encrypted queue, and how it comes back. How that is done is handed in: it is loaded
// where a key is given. Invariant: what goes through here leaves this context sealed, and is opened before anybody sees it.

import type { Failure } from "../../core/log/journal.js";
import type { DeadLetterFilter } from "../../core/spec/filters.js";
import type { MessageFate, MessageView, ScheduleView } from "../../link/rpc/views.js";
import type { Admit } from "../receiving/admission.js";
import type { Hiding } from "../receiving/holding.js";
import { whenAborted } from "../runtime/abortable.js";
import type { Item } from "../sending/item.js";
import type { Seal } from "../sending/sealed.js";
import type { QueueClient } from "./queue-client.js";

/** Of a database, whose key was found to be the right one. */
export interface Sealing {
  /** Id of the key. */
  readonly key: string;
  /** Throws once the key is destroyed. */
  queue(name: string): QueueSealing;
  topic(name: string): Pick<QueueSealing, "key" | "seal">;
}

/** Of a queue. Rejects with `tampered` what does not open, unless it says otherwise. */
export interface QueueSealing {
  readonly key: string;
  /** Aborts with the reason when the key is destroyed: nothing is sealed or opened any more. */
  readonly shredded: AbortSignal;
  /** The same, and when there will be no host any more. */
  readonly over: AbortSignal;
  readonly seal: Seal;
  /** Of what stays where it is, whatever becomes of what was sent beside it. */
  readonly alone: Seal;
  /** For the message of this id. */
  sealReplacement(id: string, item: Item): Promise<Item>;
  group(groupId: string): Promise<string>;
  filter(filter: DeadLetterFilter): Promise<DeadLetterFilter>;
  /** Of what does not open the body is `undefined`, and the error says so. */
  message(view: MessageView): Promise<MessageView>;
  schedule<Body>(view: ScheduleView<Body>): Promise<ScheduleView<Body>>;
  fate(id: string, fate: MessageFate): Promise<MessageFate>;
  /** The value of an answer to a request of the queue. */
  answer(value: unknown, request: string, replyTo: string): Promise<unknown>;
  /** What is in a delivery, begun as soon as it is here; what does not open dies, unseen. */
  readonly hiding: Hiding;
  readonly admit: Admit;
  /** As consumers of the queue see it. `closing` aborts when the queue is closed here. */
  client(client: QueueClient, closing: AbortSignal): QueueClient;
  /** For what was there before the queue was encrypted. */
  readonly held: {
    /** Of the message of this id, how its last attempt failed. */
    failure(id: string, failure: Failure): Promise<Failure>;
    deduplicationId(id: string): Promise<string>;
    /** Whether a group is called so because its name is hidden. */
    isHiddenGroup(name: string): Promise<boolean>;
  };
}

/** What happens to the host of a queue, and that its key is destroyed: for the queue that is the end, too. */
export const listenWith =
  (client: Pick<QueueClient, "listen">, shredded: AbortSignal): QueueClient["listen"] =>
  (callback) => {
    const forgets = [
      client.listen(callback),
      whenAborted(shredded, () => callback({ type: "ended", reason: shredded.reason })),
    ];
    return () => {
      for (const forget of forgets) forget();
    };
  };
