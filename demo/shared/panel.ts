// Who shares the queue with this page, what each has in hand, and what happened; the plug of this page's line.

import { type ClientView, type Queue, wrapQueue } from "../../src/index.js";
import { byId, createRows, h, setText } from "../dom.js";
import { count, plural } from "../format.js";
import type { Problems } from "../problems.js";
import type { DemoQueue, Session } from "../session.js";
import { type Entry, restartServer } from "./entry.js";
import type { Plug } from "./plug.js";

export interface SharedParts {
  readonly session: Session;
  readonly entry: Entry;
  readonly plug: Plug;
  /** Under which this page is known. */
  readonly name: string;
  readonly problems: Problems;
}

export interface SharedPanel {
  /** The queue of the session, counting what is still to be stored. */
  readonly queue: DemoQueue;
  /** Looks who is there. */
  refresh(): Promise<void>;
}

const LINES_MAX = 60;

export function wireShared({ session, entry, plug, name, problems }: SharedParts): SharedPanel {
  const { connection } = session;
  byId("shared").hidden = false;
  setText(
    byId("shared-kept"),
    entry.isKept
      ? "The server keeps messages on its disk: what is accepted is there after a restart."
      : "This server has no SQLite (Node 22.13 has one): it keeps messages in memory, and a restart loses them.",
  );
  setText(byId("share-title"), "The work of this browser's tabs");
  setText(byId("foot"), "Everything is on the server that came with this page: close the page, and the others go on.");
  setText(byId("shared-join"), location.href);
  setText(byId("shared-command"), `npm run example:worker -- --site ${location.origin}`);

  const unsent = countUnsent(session.queue, () => showLine());
  const badge = byId("line-badge");
  const button = byId<HTMLButtonElement>("unplug");
  const showLine = () => {
    const state = !plug.isIn ? "unplugged" : connection.host ? "connected" : "coming back";
    setText(badge, unsent.count > 0 && state !== "connected" ? `${state}, ${count(unsent.count)} to send` : state);
    badge.className = `badge ${state === "connected" ? "on" : "warn"}`;
    setText(button, plug.isIn ? "Unplug this page" : "Plug it in again");
  };
  button.addEventListener("click", () => {
    if (plug.isIn) {
      plug.pull();
      say("This page was unplugged. What it has in hand goes to others unless it is back within 3 s.");
    } else {
      const waiting = unsent.count;
      plug.push();
      say("This page is plugged in again.");
      if (waiting > 0)
        problems.guard("Sending failed", () =>
          unsent
            .stored()
            .then(() =>
              say(
                `${plural(waiting, "message")} of this page, sent meanwhile, ${waiting === 1 ? "is" : "are"} stored: once.`,
              ),
            ),
        );
    }
    showLine();
  });
  byId("restart-server").addEventListener("click", () =>
    problems.guard("The server could not be restarted", async () => {
      say("The server was told to end and to start again.");
      await restartServer();
    }),
  );
  connection.addEventListener("disconnected", showLine);
  connection.addEventListener("connected", showLine);
  connection.addEventListener("hostchange", () => {
    say(`The server answers again, in term ${connection.host?.epoch}.`);
    showLine();
  });
  connection.addEventListener("datalost", () => say("The messages are gone: the server kept them in memory."));

  const rows = createRows<ClientView>(byId("connected"), ({ id }) => id, createRow(name));
  let known: ReadonlyMap<string, ClientView> | undefined;
  const tellChanges = (now: ReadonlyMap<string, ClientView>) => {
    if (known) {
      for (const [id, view] of now) if (!known.has(id)) say(`${nameOf(view)} has come.`);
      for (const [id, view] of known) {
        const held = heldOf(view);
        if (!now.has(id))
          say(`${nameOf(view)} has gone${held > 0 ? `, with ${plural(held, "message")} in hand` : ""}.`);
      }
    }
    known = now;
  };
  showLine();

  return {
    queue: unsent.queue,
    async refresh() {
      showLine();
      if (!plug.isIn || !connection.host) return;
      const views = [...(await connection.clients())].sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
      tellChanges(new Map(views.map((view) => [view.id, view])));
      rows.show(views);
      showLine();
    },
  };
}

const nameOf = ({ name }: ClientView) => name ?? "somebody of the server's own";
const heldOf = ({ held }: ClientView) => Object.values(held).reduce((sum, n) => sum + n, 0);

const createRow = (own: string) => (view: ClientView) => {
  const held = h("b");
  const words = h("span", { class: "what" });
  const isOwn = view.name === own;
  const element = h(
    "li",
    {},
    h("span", { class: "who" }, nameOf(view)),
    isOwn ? h("span", { class: "what" }, "this page") : "",
    h("span", { class: "count" }, held, " ", words),
  );
  return {
    element,
    update(now: ClientView) {
      setText(held, count(heldOf(now)));
      setText(words, "in hand");
    },
  };
};

/** The same queue, and how many of the messages that were given to it are not stored yet. */
function countUnsent(queue: DemoQueue, onChange: () => void) {
  const waiting = new Set<Promise<unknown>>();
  let unsent = 0;
  const during = async <T>(n: number, sending: Promise<T>): Promise<T> => {
    unsent += n;
    waiting.add(sending);
    onChange();
    try {
      return await sending;
    } finally {
      unsent -= n;
      waiting.delete(sending);
      onChange();
    }
  };
  const members: Partial<Queue<unknown>> = {
    send: (...args) => during(1, queue.send(...args)),
    sendBatch: (items, ...rest) => during(items.length, queue.sendBatch(items, ...rest)),
  };
  return {
    queue: wrapQueue(queue, members),
    get count() {
      return unsent;
    },
    /** Resolves once all that waits now is stored. */
    stored: () => Promise.all(waiting),
  };
}

function say(sentence: string): void {
  const log = byId("shared-log");
  const time = new Date().toLocaleTimeString("en", { hour12: false });
  log.prepend(h("li", {}, h("time", {}, time), h("span", {}, sentence)));
  while (log.children.length > LINES_MAX) log.lastElementChild?.remove();
}
