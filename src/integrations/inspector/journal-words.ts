// What the journal says, in words: of a commit, and of one message.

import type { JournalChange, JournalTail } from "../../index.js";
import { plural } from "../elements/format.js";
import { ownOf } from "./own.js";

type Ranges = readonly number[];

export const isRanges = (value: unknown): value is Ranges =>
  Array.isArray(value) && value.every((one) => typeof one === "number");

/** How many messages a change is about. */
export function sizeOf({ seqs, count, seq }: JournalChange): number {
  if (isRanges(seqs)) return seqs.reduce((sum, one, i) => (i % 2 === 1 ? sum + one : sum), 0);
  return typeof count === "number" ? count : typeof seq === "number" ? 1 : 0;
}

function isAbout({ seqs, count = 1, seq }: JournalChange, wanted: number): boolean {
  if (isRanges(seqs)) {
    for (let i = 0; i < seqs.length; i += 2) {
      const [first = 0, many = 0] = [seqs[i], seqs[i + 1]];
      if (wanted >= first && wanted < first + many) return true;
    }
    return false;
  }
  return typeof seq === "number" && wanted >= seq && wanted < seq + (count as number);
}

const reasonOf = ({ failure, reason }: JournalChange): string => {
  const { name, message } = (failure ?? {}) as { name?: string; message?: string };
  const why = [reason, name && `${name}: ${message}`].filter(Boolean).join(", ");
  return why === "" ? "" : ` (${why})`;
};

/** What became of messages, by the type of the change. */
const FATES: Readonly<Record<string, (change: JournalChange) => string>> = {
  accepted: () => "sent",
  overflowed: () => "given up for want of room",
  dropped: ({ isPurged }) => (isPurged ? "purged" : "dropped for want of room"),
  replaced: () => "given another body",
  leased: () => "handed out",
  acked: ({ purgedFrom }) => (purgedFrom ? "purged from its consumer" : "acknowledged"),
  retried: (change) => `failed, to be tried again${reasonOf(change)}`,
  returned: (change) => `given back${reasonOf(change)}`,
  dead: (change) => `given up${reasonOf(change)}`,
  expired: () => "expired",
  quarantined: () => "quarantined: its body cannot be read",
  redriven: () => "redriven",
  "dead-purged": () => "deleted from the dead letters",
};

/** The other changes that say something to people. */
const OTHERS: Readonly<Record<string, (change: JournalChange) => string>> = {
  "took-over": () => "A host took over",
  configured: ({ queue }) => `Settings of ${queue} changed`,
  purged: ({ queue }) => `${queue} purged`,
  deleted: ({ queue }) => `${queue} deleted`,
  paused: ({ queue, paused }) => `${queue} ${paused ? "paused" : "resumed"}`,
  scheduled: ({ queue, id }) => `Schedule ${id} of ${queue} set`,
  unscheduled: ({ queue, id }) => `Schedule ${id} of ${queue} removed`,
  ticked: ({ queue, id }) => `Schedule ${id} of ${queue} ticked`,
  subscribed: ({ topic, subscription }) => `${subscription} subscribed to ${topic}`,
  unsubscribed: ({ topic, subscription }) => `${subscription} unsubscribed from ${topic}`,
  "clock-set-back": ({ byMs }) => `The clock was set back by ${byMs} ms`,
};

/** What a change did to its messages. */
export const fateWords = (change: JournalChange): string => ownOf(FATES, change.type)?.(change) ?? "";

/** What a commit did, a line for each kind of change of each queue. */
export function commitWords(changes: readonly JournalChange[]): string[] {
  const lines: string[] = [];
  const counted = new Map<string, { readonly count: number; readonly words: string; readonly queue: string }>();
  for (const change of changes) {
    const fate = ownOf(FATES, change.type);
    if (fate) {
      const [words, queue] = [fate(change), change.queue ?? ""];
      const key = `${queue}\n${words}`;
      counted.set(key, { count: (counted.get(key)?.count ?? 0) + sizeOf(change), words, queue });
    } else lines.push(...[ownOf(OTHERS, change.type)?.(change)].filter((line) => line !== undefined));
  }
  return [
    ...[...counted.values()].map(({ count, words, queue }) => `${queue}: ${plural(count, "message")} ${words}`),
    ...lines,
  ];
}

/** What the journal tells of a message: when what became of it. `nameOf`: what a client calls itself. */
export function eventsOf(
  { commits }: JournalTail,
  id: string,
  nameOf: (client: string) => string | undefined = () => undefined,
): [at: number, words: string][] {
  const seq = Number.parseInt(id.slice(id.indexOf("-") + 1), 36);
  return commits.flatMap(({ at, changes }) =>
    changes
      .filter((change) => Object.hasOwn(FATES, change.type) && isAbout(change, seq))
      .map((change): [number, string] => {
        const words = fateWords(change);
        const { type, client } = change;
        const short = typeof client === "string" ? client.slice(-12) : "";
        const name = typeof client === "string" ? nameOf(client) : undefined;
        const to = type !== "leased" || short === "" ? "" : ` to ${name === undefined ? short : `${name} (${short})`}`;
        return [at, `${words.charAt(0).toUpperCase()}${words.slice(1)}${to}`];
      }),
  );
}
