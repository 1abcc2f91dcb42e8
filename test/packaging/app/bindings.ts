// What the bindings offer, as an app would type it; each goes with the types of its framework.
import type { Signal } from "@angular/core";
import { openQueue, type Queue } from "originmq";
import { injectSend, injectStats } from "originmq/angular";
import { createOutbox } from "originmq/outbox";
import * as react from "originmq/react";
import * as solid from "originmq/solid";
import { createHttpOutboxStore, createQueueStore, type Store } from "originmq/store";
import * as svelte from "originmq/svelte";
import * as vue from "originmq/vue";
import type { Accessor } from "solid-js";
import type { Readable } from "svelte/store";
import type { Ref } from "vue";

interface Order {
  readonly sku: string;
}
const orders = createQueueStore(() => openQueue<Order>("orders"));
const saves = createHttpOutboxStore(() => createOutbox());

const ready: number = react.useStats(orders).ready;
const queue: Queue<Order> | undefined = react.useQueue(orders).queue;
react.useConsumer(orders, async ({ body }) => body.sku.trim(), { concurrency: 4, paused: ready > 9 });
const { send, pending } = react.useSend(orders);
// @ts-expect-error a body has to be an order
void send({ name: "tea" });
const waiting: readonly string[] = react.useOutbox(saves).waiting.map(({ url }) => url);

const stats: Readonly<Ref<{ readonly ready: number }>> = vue.useStats(orders);
vue.useConsumer(
  orders,
  ({ body }) => void body.sku,
  () => ({ paused: stats.value.ready > 9 }),
);
const readable: Readable<{ readonly ready: number }> = svelte.useStats(orders);
const accessor: Accessor<readonly { readonly body: Order }[]> = () => solid.useMessages(orders)().messages;
const signal: Signal<{ readonly ready: number }> = injectStats(orders);
const error: Signal<Error | undefined> = injectSend(orders).error;
const custom: Store<number> = { subscribe: () => () => {}, getSnapshot: () => 1, getServerSnapshot: () => 0 };
const one: number = react.useStore(custom);

export { accessor, error, one, pending, queue, readable, signal, waiting };
