// How every peer is measured: one page sends and works off at the same time, as fast as its queue allows, until every
// message is settled. One page, because none of them shares work between tabs; that spares them the way between two.

import { type Case, type Durability, timed } from "../case.js";
import { batchesOf, type Order } from "../message.js";

/** A queue as people write it. */
export interface PeerQueue {
  send(bodies: readonly Order[]): Promise<void>;
  /** Takes up to `max` messages, runs the handler over each, settles them. Returns how many there were. */
  work(max: number, handler: (body: Order) => void): Promise<number>;
  /** Closes it and deletes what it stored. */
  remove(): Promise<void>;
}

export interface PeerOptions {
  readonly id: string;
  readonly label: string;
  readonly batch: number;
  readonly messages: number;
  readonly durability: Durability;
  open(durability: Durability): Promise<PeerQueue>;
}

export const peer = ({ id, label, batch, messages, durability, open }: PeerOptions): Case => ({
  id: `${id}-${batch}-${durability}`,
  group: "peer",
  label: `${label}, batch ${batch}`,
  durability,
  async measure() {
    const queue = await open(durability);
    const batches = batchesOf(messages, batch);
    let handled = 0;
    const handler = () => {
      handled++;
    };
    const measured = await timed(messages, async () => {
      let isSent = false;
      const send = async () => {
        for (const bodies of batches) await queue.send(bodies);
        isSent = true;
      };
      const work = async () => {
        for (;;) {
          const wasSent = isSent;
          const worked = await queue.work(batch, handler);
          if (worked === 0 && wasSent) return;
          // Nothing there yet: let the sender have its turn.
          if (worked === 0) await new Promise((resolve) => setTimeout(resolve, 0));
        }
      };
      await Promise.all([send(), work()]);
    });
    if (handled !== messages) throw new Error(`${id} handled ${handled} of ${messages} messages`);
    await queue.remove();
    return measured;
  },
});
