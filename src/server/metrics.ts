// What a server's databases hold, as Prometheus' text format 0.0.4 says it.
// https://prometheus.io/docs/instrumenting/exposition_formats/

import type { QueueStats } from "../core/view/view.js";
import type { HostFigures } from "../host/host.js";

export interface DatabaseFigures extends HostFigures {
  readonly database: string;
}

type Labels = Readonly<Record<string, string>>;
interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  samples(figures: DatabaseFigures): Iterable<readonly [Labels, number]>;
}

const STATES = ["ready", "delayed", "leased", "blocked", "dead"] as const;

/** What happened to messages since the queue was made, by the name under which its statistics count it. */
const COUNTED = {
  accepted: "Messages that were accepted.",
  deliveries: "Hand-outs of messages, repeats included.",
  acked: "Messages that were acknowledged.",
  retried: "Attempts that failed and are tried again.",
  died: "Messages that became dead letters, each time they did.",
  redriven: "Dead letters that were put back.",
  dropped: "Messages that gave way to others in a full queue.",
  purged: "Messages that were purged.",
} as const;

const ofQueues = (sample: (stats: QueueStats) => Iterable<readonly [Labels, number]>): Family["samples"] =>
  function* ({ queues }) {
    for (const { queue, stats } of queues)
      for (const [labels, value] of sample(stats)) yield [{ queue, ...labels }, value];
  };

const FAMILIES: readonly Family[] = [
  {
    name: "originmq_messages",
    type: "gauge",
    help: "Messages by state.",
    samples: ofQueues((stats) => STATES.map((state) => [{ state }, stats[state]] as const)),
  },
  {
    name: "originmq_queue_bytes",
    type: "gauge",
    help: "Estimated bytes of all that wait or are in work.",
    samples: ofQueues(({ bytes }) => [[{}, bytes]]),
  },
  {
    name: "originmq_oldest_age_seconds",
    type: "gauge",
    help: "Age of the message that has been ready for longest; 0 when none is.",
    samples: ofQueues(({ oldestAgeMs }) => [[{}, (oldestAgeMs ?? 0) / 1_000]]),
  },
  {
    name: "originmq_queue_paused",
    type: "gauge",
    help: "1 while the queue hands out nothing.",
    samples: ofQueues(({ paused }) => [[{}, paused ? 1 : 0]]),
  },
  ...Object.entries(COUNTED).map(
    ([name, help]): Family => ({
      name: `originmq_${name}_total`,
      type: "counter",
      help,
      samples: ofQueues(({ totals }) => [[{}, totals[name as keyof typeof COUNTED]]]),
    }),
  ),
  {
    name: "originmq_clients",
    type: "gauge",
    help: "Clients that are connected.",
    samples: ({ diagnostics }) => [[{}, diagnostics.clients]],
  },
  {
    name: "originmq_commits_total",
    type: "counter",
    help: "Commits since the database was opened.",
    samples: ({ diagnostics }) => [[{}, diagnostics.commits]],
  },
  {
    name: "originmq_refused_messages_total",
    type: "counter",
    help: "Frames that were malformed or not allowed since the database was opened.",
    samples: ({ diagnostics }) => [[{}, diagnostics.refusedMessages]],
  },
];

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n" };
const quoted = (value: string): string => `"${value.replace(/[\\"\n]/g, (char) => ESCAPES[char] as string)}"`;
const labelled = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join(",");

/** How many databases are open, and how many cannot be. */
export interface Opened {
  readonly size: number;
  readonly failing: number;
}

/** What `/health` answers: a database that cannot be opened is one whose clients wait. */
export function healthText({ size, failing }: Opened): { readonly status: 200 | 503; readonly text: string } {
  const open = `databases open: ${size}\n`;
  return failing === 0
    ? { status: 200, text: `ok\n${open}` }
    : { status: 503, text: `failing\n${open}databases that cannot be opened: ${failing}\n` };
}

/** One family after the other, the samples of all databases under each. Ages are in seconds. */
export function metricsText(databases: readonly DatabaseFigures[], { size, failing }: Opened): string {
  const lines = FAMILIES.flatMap(({ name, type, help, samples }) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...databases.flatMap((figures) =>
      [...samples(figures)].map(
        ([labels, value]) => `${name}{${labelled({ database: figures.database, ...labels })}} ${value}`,
      ),
    ),
  ]);
  const openLines = [
    "# HELP originmq_databases_open Databases that are open; those that nobody uses are closed after a while.",
    "# TYPE originmq_databases_open gauge",
    `originmq_databases_open ${size}`,
    "# HELP originmq_databases_failing Databases that could not be opened when they were last to be.",
    "# TYPE originmq_databases_failing gauge",
    `originmq_databases_failing ${failing}`,
  ];
  return `${[...openLines, ...lines].join("\n")}\n`;
}
