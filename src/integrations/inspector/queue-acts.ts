// What can be done with a queue. What destroys asks first; what can be taken back is offered to be, and what cannot waits a
// few seconds before it is done.

import type { InspectedQueue, PurgeFilter, QueueOptions } from "../../index.js";
import { exportPlain } from "../backup.js";
import { setText } from "../elements/dom.js";
import { plural, shortId } from "../elements/format.js";
import { ask } from "./dialog.js";
import { download } from "./download.js";
import { button, setUsable } from "./parts.js";
import { HEADERS_HINT, parseBody, parseHeaders, parseNumber } from "./values.js";
import type { Inspecting, Live } from "./view.js";

export interface QueueActs {
  readonly elements: readonly HTMLElement[];
  /** `undefined`: it is not there, and nothing is done with it, which would make it. */
  update(queue: InspectedQueue | undefined): void;
}

export function createQueueActs(name: string, live: Live, inspecting: Inspecting): QueueActs {
  const { openQueue } = live;
  const { say, later, attempt, refresh } = inspecting;
  let latest: InspectedQueue | undefined;
  const isPaused = () => latest?.pausedBy === "caller";

  const setPaused = async (paused: boolean) => {
    const queue = await openQueue(name);
    await (paused ? queue.pause() : queue.resume());
    refresh();
  };
  const pause = button("Pause", () => {
    const paused = !isPaused();
    return attempt(paused ? "It could not be paused" : "It could not be resumed", async () => {
      await setPaused(paused);
      say(paused ? `${name} hands out nothing.` : `${name} goes on.`, () => setPaused(!paused));
    });
  });

  const send = button("Send…", () =>
    ask(send, {
      title: `Send a message to ${name}`,
      fields: [
        { name: "body", label: "Body, as JSON", kind: "long", value: "{}" },
        { name: "headers", label: "Headers, one a line", kind: "long", hint: HEADERS_HINT },
        { name: "groupId", label: "Group", kind: "text" },
        { name: "priority", label: "Priority, 0 to 9", kind: "number", value: "4" },
        { name: "delayMs", label: "Delay in ms", kind: "number" },
      ],
      submit: "Send",
      async run({ body = "", headers = "", groupId = "", priority, delayMs }, signal) {
        const queue = await openQueue(name);
        const delay = parseNumber(delayMs, "The delay");
        const { id } = await queue.send(parseBody(body), {
          headers: parseHeaders(headers),
          priority: parseNumber(priority, "The priority") ?? 4,
          ...(groupId !== "" && { groupId }),
          ...(delay !== undefined && { delayMs: delay }),
          signal,
        });
        refresh();
        say(`Sent as ${shortId(id)}.`, async () => {
          const { purged } = await queue.purge({ ids: [id] });
          if (purged === 0) throw new Error("Somebody has it, or it is done.");
          refresh();
        });
      },
    }),
  );

  const redrive = button("Redrive…", () =>
    ask(redrive, {
      title: `Redrive dead letters of ${name}`,
      text: "They go back to the queue, their attempts at zero.",
      fields: [
        {
          name: "reason",
          label: "Only those that died of",
          kind: "text",
          hint: "As max-deliveries; nothing: all of them",
        },
        { name: "rate", label: "Messages a second", kind: "number", hint: "Nothing: all at once" },
      ],
      submit: "Redrive",
      async run({ reason = "", rate }) {
        const pace = parseNumber(rate, "The rate");
        const options = { ...(reason !== "" && { filter: { reason } }), ...(pace !== undefined && { rate: pace }) };
        const which = reason === "" ? "Dead letters" : `Dead letters that died of ${reason}`;
        later(`${which} go back to ${name}`, "They could not be redriven", async () => {
          const { redriven } = await (await openQueue(name)).deadLetters.redrive(options);
          refresh();
          say(`${plural(redriven, "dead letter")} went back to ${name}.`);
        });
      },
    }),
  );

  const purge = button(
    "Purge…",
    () =>
      ask(purge, {
        title: `Delete messages of ${name}`,
        text: "For good. What consumers have in hand stays with them.",
        fields: [
          {
            name: "what",
            label: "Which",
            kind: "choice",
            options: [
              ["", "all that wait"],
              ["ready", "ready"],
              ["delayed", "delayed"],
              ["blocked", "blocked"],
              ["dead", "dead letters"],
            ],
          },
          {
            name: "priority",
            label: "Only of priority",
            kind: "number",
            hint: "0 to 9; nothing: any",
          },
          { name: "olderThanMs", label: "Only older than, in ms", kind: "number" },
        ],
        submit: "Delete",
        isDanger: true,
        async run({ what = "", priority, olderThanMs }) {
          const [of, age] = [parseNumber(priority, "The priority"), parseNumber(olderThanMs, "The age")];
          if (what === "dead" && of !== undefined) throw new Error("Dead letters are not told apart by priority.");
          const asked = performance.now();
          const state = what === "" ? {} : { state: what as NonNullable<PurgeFilter["state"]> };
          later(`Messages of ${name} are deleted`, "They could not be deleted", async () => {
            const { deadLetters, purge } = await openQueue(name);
            // What has come since it was asked for stays.
            const older = { olderThanMs: Math.ceil((age ?? 0) + performance.now() - asked) };
            const { purged } =
              what === "dead"
                ? await deadLetters.purge({ filter: older })
                : await purge({ filter: { ...older, ...state, ...(of !== undefined && { priority: of }) } });
            refresh();
            say(`${plural(purged, "message")} deleted.`);
          });
        },
      }),
    "danger",
  );

  const settings = button("Settings…", () => {
    const before = latest?.settings;
    if (before === undefined) return;
    const number = (key: keyof typeof LIMITS) =>
      ({
        name: key,
        label: LIMITS[key],
        kind: "number",
        value: before[key] == null ? "" : String(before[key]),
      }) as const;
    return ask(settings, {
      title: `Settings of ${name}`,
      text: "Stored with the queue, for every context. An application that gives an option when it opens the queue sets it again.",
      fields: [
        ...(Object.keys(LIMITS) as (keyof typeof LIMITS)[]).map(number),
        {
          name: "overflow",
          label: "Beyond its room",
          kind: "choice",
          value: before.overflow,
          options: [
            ["reject", "refuse the send"],
            ["block", "let the sender wait"],
            ["drop-oldest", "drop the oldest"],
            ["dead-letter", "make it a dead letter"],
          ],
        },
      ],
      submit: "Save",
      async run({ overflow, ...values }) {
        const numbers = Object.entries(values).map(([key, text]) => [key, parseNumber(text, key) ?? null] as const);
        const changed = [...numbers, ["overflow", overflow] as const].filter(
          ([key, value]) => value !== (before[key as keyof typeof before] ?? null),
        );
        const former = changed.map(([key]) => [key, before[key as keyof typeof before] ?? null] as const);
        await configure(changed);
        say(`${plural(changed.length, "setting")} of ${name} changed.`, () => configure(former));
      },
    });
  });
  const configure = async (changed: readonly (readonly [string, unknown])[]) => {
    await openQueue(name);
    const again = await live.connection.openQueue(name, Object.fromEntries(changed) as QueueOptions);
    await again.close();
    refresh();
  };

  const save = button("Export", () =>
    attempt("It could not be exported", async () => {
      const lines: string[] = [];
      const reader = exportPlain(await openQueue(name)).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) lines.push(part.value);
      download(`${name.replaceAll("/", "-")}.jsonl`, lines);
      say(`${plural(lines.length - 2, "message")} exported.`);
    }),
  );

  const elements = [pause, send, redrive, settings, save, purge];
  return {
    elements,
    update(queue) {
      latest = queue;
      setText(pause, isPaused() ? "Resume" : "Pause");
      for (const element of elements) setUsable(element, queue !== undefined);
      setUsable(redrive, queue !== undefined && queue.dead > 0);
    },
  };
}

/** Settings that are a number, or none. */
const LIMITS = {
  maxMessages: "Messages that it takes",
  maxBytes: "Bytes that it takes",
  maxDeadLetters: "Dead letters that it keeps",
  maxInFlight: "Messages in work at once",
  maxDeliveries: "Attempts",
  leaseMs: "Lease in ms",
  handlerTimeoutMs: "A handler may take, in ms",
  ttlMs: "Messages expire after, in ms",
} as const;
