// Topics, each with its subscriptions, what they take, and what is in them.

import type { HeaderMatch, InspectedQueue, InspectedTopic, Inspection, SubscriptionFilter } from "../../index.js";
import { createRows, h, setFigure, setText } from "../elements/dom.js";
import { count, NOTHING } from "../elements/format.js";
import { createFilter } from "./filter.js";
import { createTable, emptyNote } from "./parts.js";
import { depthOf } from "./queue-list.js";
import type { Inspecting, View } from "./view.js";

export function createTopicsView({ showQueue }: Inspecting): View {
  const list = h("div", { class: "stack" });
  const none = emptyNote("No topic has a subscription.");
  let latest: Inspection | undefined;
  let queues: ReadonlyMap<string, InspectedQueue> = new Map();
  const filter = createFilter("topics", () => latest && view.update(latest));
  const topics = createRows<InspectedTopic>(
    list,
    ({ name }) => name,
    ({ name }) => {
      const table = createTable(`Subscriptions of ${name}`, [
        ["Subscription", "name"],
        ["Takes"],
        ["Messages", "number"],
        ["Dead", "number"],
      ]);
      const rows = createRows<[string, SubscriptionFilter]>(
        table.body,
        ([one]) => one,
        ([one]) => {
          const open = h("button", { type: "button", class: "choose" }, one);
          open.addEventListener("click", () => showQueue(`${name}/${one}`));
          const [takes, messages, dead] = [h("td", {}), h("td", { class: "number" }), h("td", { class: "number" })];
          return {
            element: h("tr", {}, h("th", { scope: "row", class: "name" }, open), takes, messages, dead),
            update([, filter]) {
              setText(takes, filterWords(filter));
              const queue = queues.get(`${name}/${one}`);
              setFigure(messages, queue ? count(depthOf(queue)) : NOTHING);
              setFigure(dead, queue ? count(queue.dead) : NOTHING);
            },
          };
        },
      );
      return {
        element: h("section", {}, h("h3", { class: "title" }, name), table.element),
        update: ({ subscriptions }) => rows.show(Object.entries(subscriptions)),
      };
    },
  );
  const view: View = {
    element: h("div", { class: "page" }, filter.element, list, none),
    update(inspection) {
      latest = inspection;
      queues = new Map(inspection.queues.map((queue) => [queue.name, queue]));
      const left = inspection.topics.filter(({ name, subscriptions }) =>
        filter.leaves(name, ...Object.keys(subscriptions)),
      );
      topics.show(left);
      filter.tell(left.length, inspection.topics.length);
      none.hidden = inspection.topics.length > 0;
    },
  };
  return view;
}

export function filterWords(filter: SubscriptionFilter): string {
  const parts = Object.entries(filter).map(([header, match]) => `${header} ${matchWords(match)}`);
  return parts.length === 0 ? "everything" : parts.join(" and ");
}

function matchWords(match: HeaderMatch): string {
  if (typeof match === "string") return `is “${match}”`;
  if ("prefix" in match) return `begins with “${match.prefix}”`;
  if ("exists" in match) return match.exists ? "is there" : "is missing";
  return `is one of ${match.map((text) => `“${text}”`).join(", ")}`;
}
