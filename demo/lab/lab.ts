// The lab as its experiments see it: sends numbered messages, waits for their end, and says what came of them.

import type { Connection } from "../../src/index.js";
import type { Clock } from "../clock.js";
import { count, duration, plural } from "../format.js";
import { type Crew, createCrew } from "./crew.js";
import { createLedger, type Ledger } from "./ledger.js";
import { type LabQueues, openLabQueues } from "./queues.js";
import { createReports, type Reports } from "./reports.js";
import type { Deed, LabBody } from "./words.js";

export interface Lab {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly queues: LabQueues;
  readonly reports: Reports;
  readonly ledger: Ledger;
  readonly crew: Crew;
  /** Resolves with their numbers once all are stored. */
  send(deeds: readonly Deed[], ms: number, queue?: LabQueues["main"]): Promise<number[]>;
  /** Holds what was sent and handled against what the queue has. */
  check(): Promise<void>;
  /** Waits until all are handled, and says so, or what is missing. */
  conclude(numbers: readonly number[], timeoutMs?: number): Promise<void>;
  say(sentence: string): void;
}

export interface LabParts {
  readonly connection: Connection;
  readonly tab: string;
  readonly clock: Clock;
  say(sentence: string): void;
  onCrew(): void;
}

/** The same deed, several times. */
export const times = (n: number, deed: Deed): Deed[] => Array.from({ length: n }, () => deed);

const CONCLUDE_MS_MAX = 20_000;

export async function openLab({ connection, tab, clock, say, onCrew }: LabParts): Promise<Lab> {
  const queues = await openLabQueues(connection, tab);
  const reports = createReports(`originmq-demo:lab:${tab}`);
  const ledger = createLedger(`originmq-demo:lab:${tab}`, sessionStorage);
  const crew = createCrew({ queues, reports, clock, onChange: onCrew });
  noteWhatIsHandled({ connection, reports, ledger, crew, say });

  const check = async () => {
    const before = ledger.open();
    const inQueue = await queues.numbers(ledger.run);
    if (inQueue) ledger.compare(before, inQueue);
  };

  return {
    connection,
    clock,
    queues,
    reports,
    ledger,
    crew,
    say,
    async send(deeds, ms, queue = queues.main) {
      const bodies: LabBody[] = deeds.map((deed) => ledger.number(deed, ms));
      await queue.sendBatch(bodies.map((body) => ({ body })));
      ledger.accept(bodies);
      return bodies.map(({ number }) => number);
    },
    check,
    async conclude(numbers, timeoutMs = CONCLUDE_MS_MAX) {
      const startedAt = performance.now();
      const isOver = () => numbers.every((number) => ledger.isHandled(number));
      while (!isOver() && performance.now() - startedAt < timeoutMs) await clock.wait(50);
      await check();
      await check();
      const handled = numbers.filter((number) => ledger.isHandled(number)).length;
      const { lost, twice } = ledger.counts;
      const all =
        handled === numbers.length ? `All ${count(handled)}` : `${count(handled)} of ${count(numbers.length)}`;
      say(`${all} messages were handled. Of everything the lab has sent: ${count(lost)} lost, ${count(twice)} twice.`);
    },
  };
}

/** Notes each handled message, and says why when it is not the first time. */
function noteWhatIsHandled({
  connection,
  reports,
  ledger,
  crew,
  say,
}: Pick<Lab, "connection" | "reports" | "ledger" | "crew" | "say">): void {
  const firstBy = new Map<number, { readonly by: string; readonly epoch: number | undefined }>();
  reports.listen((report) => {
    if (report.type !== "handled") return;
    const handled = ledger.handle(report);
    const before = firstBy.get(report.number);
    if (handled === 1) firstBy.set(report.number, { by: report.by, epoch: connection.host?.epoch });
    if (handled < 2) return;
    const why =
      before === undefined
        ? "this tab was reloaded in between"
        : crew.wasKilled(before.by)
          ? `${before.by} was killed before the queue knew`
          : before.epoch !== connection.host?.epoch
            ? "the host died in between"
            : "nobody knows why";
    say(`Message ${report.number} was handled ${plural(handled, "time")}: ${why}.`);
  });
}

/** As in "after 84 ms". */
export const since = (instant: number): string => duration(performance.now() - instant);
