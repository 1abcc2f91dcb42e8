// All of the inspector that is seen while it is open: its head, its views, and what it says.

import type { Connection, Inspection, Queue, QueueError, StandardSchema } from "../../index.js";
import { h } from "../elements/dom.js";
import { instant } from "../elements/format.js";
import { type Bundle, bundleSource } from "./bundle.js";
import { createClientsView } from "./clients-view.js";
import { createHostView, hostWords } from "./host-view.js";
import { createJournalView } from "./journal-view.js";
import { createBadge } from "./parts.js";
import { createQueuesView } from "./queues-view.js";
import { createRest } from "./rest.js";
import { createSaying } from "./saying.js";
import { createSchedulesView } from "./schedules-view.js";
import { liveSource } from "./source.js";
import { createTabs } from "./tabs.js";
import { createTopicsView } from "./topics-view.js";
import type { Inspecting } from "./view.js";
import { watchInspections } from "./watching.js";

export interface Panel {
  readonly element: HTMLElement;
  /** Ends what it reads and what it opened, once what waits for its grace is done. */
  end(): Promise<void>;
}

export interface PanelParts {
  /** A live database, or a bundle of one. */
  readonly of: Connection | Bundle;
  readonly title: string;
  /** Of bodies that are written here, by queue. */
  schemaOf(queue: string): StandardSchema | undefined;
  showBundle(bundle: Bundle | undefined): void;
  /** Missing where it stands in the page and stays open. */
  readonly close: (() => void) | undefined;
  /** Whose messages are shown first. */
  readonly queue: string | undefined;
}

export function createPanel({ of, title, schemaOf, showBundle, close, queue }: PanelParts): Panel {
  const over = new AbortController();
  const queues = new Map<string, Promise<Queue>>();
  const saying = createSaying();
  const host = createBadge();
  host.set("connecting");
  const isBundle = "originmqBundle" in of;
  const rest = createRest();
  let latest: Inspection | undefined;
  const lookedFor = new Map<string, string>();

  const openQueue = (connection: Connection, name: string) => {
    const schema = schemaOf(name);
    const known = queues.get(name) ?? connection.openQueue(name, schema ? { schema } : {});
    queues.set(name, known);
    known.catch(() => queues.delete(name));
    return known;
  };
  const openThere = async (connection: Connection, name: string) => {
    const { queues: found } = await connection.inspect({ match: name });
    if (!found.some((one) => one.name === name)) throw new Error(`There is no queue called “${name}”.`);
    return openQueue(connection, name);
  };
  const checkBody = async (name: string, body: unknown) => {
    const result = await schemaOf(name)?.["~standard"].validate(body);
    if (result?.issues) throw new Error(result.issues.map(({ message }) => message).join("; "));
  };
  const live = isBundle ? undefined : { connection: of, openQueue: (name: string) => openThere(of, name), checkBody };
  const inspecting: Inspecting = {
    source: isBundle ? bundleSource(of) : liveSource(of, (name) => openQueue(of, name)),
    live,
    showBundle,
    rest,
    clientName: (id) => latest?.clients.find((one) => one.id === id)?.label ?? undefined,
    now: isBundle ? () => of.inspection.at : Date.now,
    say: saying.say,
    later: saying.later,
    attempt: saying.attempt,
    lookFor(by, text) {
      if (text === (lookedFor.get(by) ?? "")) return;
      if (text === "") lookedFor.delete(by);
      else lookedFor.set(by, text);
      if (latest && latest.queues.length < latest.queueCount) watching.ask();
    },
    refresh() {
      rest.end();
      watching.ask();
    },
    showQueue(name) {
      tabs.show("queues");
      queuesView.show(name);
    },
  };

  const queuesView = createQueuesView(inspecting);
  const tabs = createTabs("Views of the database", [
    { id: "queues", label: "Queues", count: ({ queueCount }) => queueCount, create: () => queuesView },
    { id: "topics", label: "Topics", count: ({ topics }) => topics.length, create: () => createTopicsView(inspecting) },
    {
      id: "schedules",
      label: "Schedules",
      count: ({ queues }) => queues.reduce((sum, { schedules }) => sum + schedules, 0),
      create: () => createSchedulesView(inspecting),
    },
    {
      id: "clients",
      label: "Clients",
      count: ({ clientCount }) => clientCount,
      create: () => createClientsView(inspecting),
    },
    { id: "journal", label: "Journal", create: () => createJournalView(inspecting) },
    { id: "host", label: "Host", create: () => createHostView(inspecting) },
  ]);
  const shut = h("button", { type: "button", class: "button quiet", "aria-label": "Close the inspector" }, "Close");
  if (close) shut.addEventListener("click", close);
  const header = h("header", { class: "head" }, h("h2", {}, title), host.element, tabs.list, ...(close ? [shut] : []));
  const element = h(
    "section",
    { class: "panel", "aria-label": "OriginMQ inspector", lang: "en" },
    header,
    tabs.element,
    saying.element,
  );

  element.addEventListener("keydown", (event) => {
    // Where a text is written, the key is the text's.
    const isUndo = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey;
    if (!isUndo || (event.target as Element).matches("input, textarea")) return;
    event.preventDefault();
    saying.undo();
  });
  if (queue !== undefined) queuesView.show(queue, "messages");

  const show = (inspection: Inspection) => {
    const by = `${hostWords(inspection.host.kind)}, term ${inspection.host.epoch}`;
    host.set(isBundle ? `bundle of ${instant(of.madeAt)}: ${by}` : by, isBundle ? "warn" : "on");
    saying.clear("inspect");
    latest = inspection;
    tabs.update(inspection);
  };
  const fail = (reason: unknown) => {
    saying.problem("inspect", "The host could not be asked", reason);
    // Nobody opens a connection again that was closed.
    if ((reason as Partial<QueueError> | undefined)?.code !== "closed") return;
    host.set("the connection is closed", "warn");
    watching.end();
  };
  const watching = watchInspections(() => inspecting.source.inspect(lookedFor.values()), show, fail, rest);
  const onDisconnected = () => host.set("no host: waiting for one", "warn");
  live?.connection.addEventListener("disconnected", onDisconnected);
  live?.connection.addEventListener("hostchange", watching.ask);
  over.signal.addEventListener("abort", () => {
    live?.connection.removeEventListener("disconnected", onDisconnected);
    live?.connection.removeEventListener("hostchange", watching.ask);
    watching.end();
    tabs.end?.();
  });
  const end = async () => {
    over.abort();
    await saying.finish();
    await Promise.allSettled([...queues.values()].map(async (queue) => (await queue).close()));
  };
  return { element, end };
}
