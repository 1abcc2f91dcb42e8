// Where the inspector has what it shows: a live database, or a bundle of one.

import type { Connection, DeadLetters, Inspection, JournalTail, MessageState, Queue, Schedules } from "../../index.js";

/** What of a queue is only looked at. */
export interface ReadQueue extends Pick<Queue, "peek"> {
  readonly deadLetters: Pick<DeadLetters<unknown>, "list">;
  readonly schedules: Pick<Schedules<unknown>, "list">;
  /** How many messages of a state there are to look at; missing: as many as the queue has. */
  known?(state: MessageState | undefined): number;
}

export interface Source {
  /** Of more queues than one answer holds, those whose names contain one of these are in it, too. */
  inspect(lookedFor?: Iterable<string>): Promise<Inspection>;
  journal(): Promise<JournalTail>;
  readQueue(name: string): Promise<ReadQueue>;
}

export const liveSource = (connection: Connection, openQueue: (name: string) => Promise<Queue>): Source => ({
  async inspect(lookedFor = []) {
    const inspection = await connection.inspect();
    const { queueCount } = inspection;
    const queues = new Map(inspection.queues.map((queue) => [queue.name, queue]));
    if (queues.size === queueCount) return inspection;
    for (const match of lookedFor)
      for (const queue of (await connection.inspect({ match })).queues) queues.set(queue.name, queue);
    return { ...inspection, queues: [...queues.values()] };
  },
  journal: () => connection.journal(),
  readQueue: openQueue,
});
