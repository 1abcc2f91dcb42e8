// A topic: what is published once goes to every subscription whose filter it passes.

import type { Connection, SubscriptionFilter } from "../../src/index.js";
import { byId, h, setText } from "../dom.js";
import { count, plural } from "../format.js";
import type { Problems } from "../problems.js";

interface Order {
  readonly number: number;
  readonly region: string;
}

const SUBSCRIPTIONS: readonly { name: string; words: string; filter?: SubscriptionFilter }[] = [
  { name: "everything", words: "no filter" },
  { name: "europe", words: "region is eu or uk", filter: { region: ["eu", "uk"] } },
  { name: "express", words: "header express exists", filter: { express: { exists: true } } },
];

export async function openOrders(connection: Connection, tab: string, problems: Problems): Promise<void> {
  const topic = await connection.openTopic<Order>(`orders:${tab}`);
  for (const { name, words, filter } of SUBSCRIPTIONS) {
    const subscription = await topic.subscription(name, { durability: "relaxed", ...(filter && { filter }) });
    const got = h("b", { "data-testid": `topic-${name}` }, "0");
    const last = h("td", { class: "body" }, "–");
    const row = h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      h("td", {}, words),
      h("td", { class: "number" }, got),
      last,
    );
    byId("topic-subscriptions").append(row);
    let handled = 0;
    subscription.consume(({ body }) => {
      setText(got, count(++handled));
      setText(last, `order ${body.number}, ${body.region}`);
    });
  }

  const region = byId<HTMLSelectElement>("topic-region");
  const express = byId<HTMLInputElement>("topic-express");
  let published = 0;
  byId("topic-publish").addEventListener("click", () =>
    problems.guard("Publishing failed", async () => {
      const order = { number: ++published, region: region.value };
      const headers = { region: region.value, ...(express.checked && { express: "yes" }) };
      const { subscriptions } = await topic.publish(order, { headers });
      setText(byId("topic-said"), `Order ${order.number} went to ${plural(subscriptions, "subscription")}.`);
    }),
  );
}
