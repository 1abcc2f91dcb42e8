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
  inspect(): Promise<Inspection>;
  journal(): Promise<JournalTail>;
  readQueue(name: string): Promise<ReadQueue>;
}

export const liveSource = (connection: Connection, openQueue: (name: string) => Promise<Queue>): Source => ({
  inspect: () => connection.inspect(),
  journal: () => connection.journal(),
  readQueue: openQueue,
});
