// Takes requests out of an outbox, so that nobody sends them any more. Invariant: what is known by its id is gone wherever
// it is by then, waiting or in work; what dies meanwhile is found among the dead.

import type { Queue } from "../../index.js";
import { deadOf, waitingOf } from "./message.js";
import type { OutboxMessage } from "./options.js";
import type { StoredRequest } from "./stored-request.js";

type OutboxQueue = Queue<StoredRequest>;

/** So many are named at once. */
const IDS = 1_000;

/** Everything that waits, is in work or was given up; resolves with how many there were. No body is read but of what is in work. */
export async function forgetAll(queue: OutboxQueue): Promise<number> {
  let total = 0;
  for (;;) {
    const { purged: waited } = await queue.purge();
    const held = await queue.peek({ state: "leased", max: IDS });
    const ids = held.map(({ id }) => id);
    const { purged: inWork } = ids.length > 0 ? await queue.purge({ ids }) : { purged: 0 };
    const { purged: died } = await queue.deadLetters.purge();
    total += waited + inWork + died;
    // What was in work a moment ago may wait again, or have died.
    if (waited + ids.length + died === 0) return total;
  }
}

/** Those picked. */
export async function forgetSome(queue: OutboxQueue, picks: (message: OutboxMessage) => boolean): Promise<number> {
  let total = 0;
  const idsOf = (messages: readonly OutboxMessage[]) => messages.filter(picks).map(({ id }) => id);
  for await (const page of queue.peekPages()) {
    const ids = idsOf(page.map(waitingOf));
    if (ids.length > 0) total += (await queue.purge({ ids })).purged;
  }
  for await (const page of queue.deadLetters.pages()) {
    const ids = idsOf(page.map(deadOf));
    if (ids.length > 0) total += (await queue.deadLetters.purge({ filter: { ids } })).purged;
  }
  return total;
}
