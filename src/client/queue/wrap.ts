// A queue with some of its members replaced, for what stands between an application and its queue.

import { noteQueue, queueKnownAs } from "../sending/known.js";
import type { Queue } from "./queue.js";

/**
 * The same queue with members of your own in place of its: what is left out goes to `queue` itself. Everywhere a queue
 * is taken, in `ack({ send })` and in a transaction, it is known as the queue it wraps, its schema included.
 */
export function wrapQueue<Input, Output>(
  queue: Queue<Input, Output>,
  members: Partial<Queue<Input, Output>>,
): Queue<Input, Output> {
  const wrapped = { ...queue, ...members, name: queue.name };
  const known = queueKnownAs(queue);
  if (known) noteQueue(wrapped, known);
  return wrapped;
}
