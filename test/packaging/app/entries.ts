// What the other entries offer, as an app would type it.
import { connect, openQueue } from "originmq";
import { exportQueue, importQueue } from "originmq/backup";
import { type BridgeTarget, bridge, fromQueue, toQueue } from "originmq/bridge";
import { fromJetStream, toJetStream } from "originmq/bridge/jetstream";
import { fromMqtt, toMqtt } from "originmq/bridge/mqtt";
import type { InspectorElement } from "originmq/inspector";
import { traceQueue } from "originmq/opentelemetry";
import { createOutbox, type DeadOutboxMessage } from "originmq/outbox";
import { defineOutboxElement, german, type OutboxTexts } from "originmq/outbox-element";
import { createInboxStore, createOutboxStore, inbox, outbox as openOutbox } from "originmq/transactional";
import { BackgroundSyncPlugin, importWorkbox, Queue } from "originmq/workbox";

const traced = traceQueue(await openQueue<number>("numbers"));
await traced.send(1);
await importQueue(await openQueue<number>("copy"), exportQueue(traced));

const died: DeadOutboxMessage[] = [];
const outbox = createOutbox({ onDead: (message) => died.push(message) });
const answer: Response = await outbox.fetch(new Request("/save", { method: "POST", body: "text" }), { metadata: 1 });
outbox.addEventListener("delivered", ({ detail }) => console.log(detail.status, answer.status));

const texts: OutboxTexts = { ...german, retry: "Noch einmal" };
defineOutboxElement({ languages: [texts] });
const element = document.querySelector("originmq-outbox");
if (element) element.outbox = outbox;

const target: BridgeTarget = toJetStream({
  servers: "wss://nats.example",
  stream: "NUMBERS",
  subject: (message) => `numbers.${message.headers.shop}`,
});
const up = bridge(traced, target, { batch: 200, inFlight: 1_000 });
up.addEventListener("forwarded", ({ detail }) => console.log(detail.ids.length, up.stats().guarantee));
export const down = bridge(fromJetStream({ servers: "wss://nats.example", stream: "NEWS", durable: "tab" }), traced);
const sensors = fromMqtt({ servers: "wss://mqtt.example", topic: "numbers/#", clientId: "tab" });
export const measured = bridge(sensors, traced);
export const told = bridge(
  traced,
  toMqtt({ servers: "wss://mqtt.example", topic: "numbers", confirmBy: "numbers/had" }),
);
told.addEventListener("warning", ({ detail }) => console.warn(detail.code, detail.message));
export const across = bridge(fromQueue(traced), toQueue(await openQueue<number>("copy")));

export const plugin = new BackgroundSyncPlugin("saves", { maxRetentionTime: 24 * 60 });
export const saves = new Queue("others", { onSync: async ({ queue }) => queue.replayRequests() });
console.log((await importWorkbox()).imported);

const inspector: InspectorElement = document.createElement("originmq-inspector");
inspector.connection = await connect();
inspector.open = true;

const opening = indexedDB.open("app", 1);
opening.onupgradeneeded = () => {
  createInboxStore(opening.result);
  createOutboxStore(opening.result);
  opening.result.createObjectStore("sums");
};
opening.onsuccess = () => {
  const db = opening.result;
  const box = inbox(db);
  traced.consume(box.handle<number>(["sums"], ({ body }, tx) => tx.objectStore("sums").put(body, "last")));
  openOutbox(db).send(db.transaction(["originmq-outbox"], "readwrite"), "numbers", 2);
};
