// Who holds what: every client, what takes messages for it, and what it has in hand, with when that ends.

import type { InspectedClient, InspectedLease, Inspection } from "../../index.js";
import { createRows, h, setFigure, setText } from "../elements/dom.js";
import { away, duration, plural } from "../elements/format.js";
import { createFilter } from "./filter.js";
import { ownOf } from "./own.js";
import { createBadge, emptyNote } from "./parts.js";
import type { Inspecting, View } from "./view.js";

export function createClientsView({ showQueue, now }: Inspecting): View {
  const list = h("ul", { class: "cards" });
  const none = emptyNote("Nobody is connected.");
  let latest: Inspection | undefined;
  const filter = createFilter("clients", () => latest && view.update(latest));
  const cards = createRows<InspectedClient>(
    list,
    ({ id }) => id,
    (client) => createCard(client, showQueue, now),
  );
  const view: View = {
    element: h("div", { class: "page" }, filter.element, list, none),
    update(inspection: Inspection) {
      latest = inspection;
      const { clients, clientCount } = inspection;
      const left = clients.filter(({ id, label, name, context, consumers, leases }) =>
        filter.leaves(id, label, name, kindOf(context), ...[...consumers, ...leases].map(({ queue }) => queue)),
      );
      const held = ({ leases, consumers }: InspectedClient) => leases.length * 1_000 + consumers.length;
      cards.show(left.sort((a, b) => held(b) - held(a)));
      filter.tell(left.length, clientCount);
      none.hidden = clients.length > 0;
    },
  };
  return view;
}

const CONTEXT_WORDS: Readonly<Record<string, string>> = {
  Window: "page",
  DedicatedWorkerGlobalScope: "worker",
  SharedWorkerGlobalScope: "shared worker",
  ServiceWorkerGlobalScope: "service worker",
  Object: "process",
};
const kindOf = (context: string | null): string | null => context && (ownOf(CONTEXT_WORDS, context) ?? context);

function createCard({ id }: InspectedClient, showQueue: (name: string) => void, now: () => number) {
  const badge = createBadge();
  const title = h("span", {});
  const kind = h("span", { class: "note" });
  const consumers = h("ul", { class: "lines" });
  const leases = h("ul", { class: "lines" });
  const nothing = h("p", { class: "note" }, "Takes nothing and holds nothing.");
  const line = (queue: string) => {
    const open = h("button", { type: "button", class: "choose" }, queue);
    open.addEventListener("click", () => showQueue(queue));
    const words = h("span", {});
    return { element: h("li", {}, open, words), words };
  };
  const takes = createRows<InspectedClient["consumers"][number] & { key: string }>(
    consumers,
    ({ key }) => key,
    ({ queue }) => {
      const { element, words } = line(queue);
      return {
        element,
        update: ({ prefetch, handlers }) =>
          setFigure(
            words,
            prefetch === 0
              ? "paused"
              : `${plural(handlers, "handler")}${prefetch > handlers ? `, up to ${prefetch} at hand` : ""}`,
          ),
      };
    },
  );
  const holds = createRows<Held>(
    leases,
    ({ queue }) => queue,
    ({ queue }) => {
      const { element, words } = line(queue);
      const suspect = createBadge();
      element.append(suspect.element);
      return {
        element,
        update(held) {
          setFigure(words, heldWords(held, now()));
          suspect.set(held.suspects > 0 ? plural(held.suspects, "suspect") : "", "warn");
        },
      };
    },
  );
  const [takesTitle, holdsTitle] = [h("h4", {}, "Consumes"), h("h4", {}, "Holds")];
  return {
    element: h(
      "li",
      { class: "card" },
      h("h3", { class: "title" }, title, kind, badge.element),
      takesTitle,
      consumers,
      holdsTitle,
      leases,
      nothing,
    ),
    update(client: InspectedClient) {
      const { label, name, context } = client;
      setText(title, label ?? name ?? "Client");
      setText(kind, [kindOf(context), label && name, id.slice(-12)].filter(Boolean).join(", "));
      badge.set(client.connected ? "connected" : "away", client.connected ? "on" : "warn");
      takes.show(client.consumers.map((one, i) => ({ ...one, key: `${one.queue} ${i}` })));
      holds.show(heldBy(client.leases));
      takesTitle.hidden = client.consumers.length === 0;
      holdsTitle.hidden = client.leases.length === 0;
      nothing.hidden = client.consumers.length + client.leases.length > 0;
    },
  };
}

/** What it holds of one queue: the hand-outs of it together. */
interface Held extends InspectedLease {
  /** At which the last of them ends. */
  readonly last: number;
}

export function heldBy(leases: readonly InspectedLease[]): Held[] {
  const byQueue = new Map<string, Held>();
  for (const lease of leases) {
    const known = byQueue.get(lease.queue);
    byQueue.set(lease.queue, {
      queue: lease.queue,
      count: lease.count + (known?.count ?? 0),
      suspects: lease.suspects + (known?.suspects ?? 0),
      leasedAt: Math.min(lease.leasedAt, known?.leasedAt ?? lease.leasedAt),
      until: Math.min(lease.until, known?.until ?? lease.until),
      last: Math.max(lease.until, known?.last ?? lease.until),
      renewed: lease.renewed && (known?.renewed ?? true),
    });
  }
  return [...byQueue.values()];
}

function heldWords({ count, leasedAt, until, last, renewed }: Held, now: number): string {
  const ends = last - until < 1_000 ? away(until, now) : `${away(until, now)} to ${duration(Math.max(0, last - now))}`;
  return `${plural(count, "message")}, for ${duration(Math.max(0, now - leasedAt))}; lease ends ${ends}${renewed ? ", renewed meanwhile" : ""}`;
}
