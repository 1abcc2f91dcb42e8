// A page that does what the tests tell it. `?name=` is its name, the prefix of every body it sends.

import { type Connection, type Consumer, connect, openQueue, type Queue } from "../../../src/index.js";
import { codeOf, createHandler, type Unsigned } from "./handling.js";
import { encryptionOf } from "./key.js";
import type { Lab, ProduceLoad } from "./lab.js";
import "./ledger.js";

const name = new URLSearchParams(location.search).get("name") ?? "page";
const events: { type: string; reason?: string }[] = [];
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let reports = 0;
let wakes = 0;
/** Reports that nobody has confirmed. What is under way when the page is put to sleep may be lost: it is posted again. */
const unconfirmed = new Set<() => void>();

function report(unsigned: Unsigned): Promise<void> {
  if (globalThis.report === undefined) return Promise.resolve();
  const wroteAt = performance.timeOrigin + performance.now();
  const event = { ...unsigned, epoch: connection.host?.epoch ?? 0, wroteAt };
  const number = `${performance.timeOrigin}/${++reports}`;
  return new Promise((resolve) => {
    const post = () => {
      globalThis.report?.(event, number, name).then(() => {
        unconfirmed.delete(post);
        resolve();
      });
    };
    unconfirmed.add(post);
    post();
  });
}

addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  wakes++;
  for (const post of unconfirmed) post();
});

let connection: Connection;
let queue: Queue<string>;
let consumer: Consumer | undefined;
let letGo = () => {};
let isProducing = false;
let producing: Promise<unknown> = Promise.resolve();
let counter = 0;

/** Text that does not compress to nothing: what counts against the quota is what lies on the disk. */
const NOISE = Array.from(crypto.getRandomValues(new Uint8Array(60_000)), (byte) =>
  String.fromCharCode(0x100 + byte),
).join("");
const noise = (length: number) => NOISE.slice(Math.random() * 5_000, length);

async function sendOne(bytes = 0): Promise<string | undefined> {
  const body = `${name}-${String(++counter).padStart(6, "0")}`;
  await report({ type: "sending", body });
  try {
    const { id } = await queue.send(bytes > 0 ? `${body}.${noise(bytes)}` : body);
    void report({ type: "sent", body, id });
    return undefined;
  } catch (error) {
    void report({ type: "refused", body, code: codeOf(error), message: String(error) });
    return codeOf(error);
  }
}

async function produce({ everyMs = 5, burst = 1 }: ProduceLoad) {
  while (isProducing) {
    await Promise.all(Array.from({ length: burst }, () => sendOne()));
    await sleep(everyMs);
  }
}

const lab: Lab = {
  connect,
  openQueue,
  get connection() {
    return connection;
  },
  get queue() {
    return queue;
  },
  events,
  get wakes() {
    return wakes;
  },
  async open({
    database = "lab",
    queue: queueName = "work",
    dedicated = false,
    encrypted = false,
    gated,
    ...settings
  } = {}) {
    const { gate = "", skip = 0, records = 0 } = gated ?? {};
    const script = gated ? `gated-worker.js?gate=${gate}&skip=${skip}&records=${records}` : "dedicated-worker.js";
    const worker = () => new Worker(new URL(`./${script}`, import.meta.url), { type: "module" });
    const encryption = await encryptionOf(encrypted);
    connection = await connect({ database, ...((dedicated || gated) && { worker }), ...encryption });
    connection.addEventListener("hostchange", () => events.push({ type: "hostchange" }));
    connection.addEventListener("outdated", ({ detail }) =>
      events.push({ type: "outdated", reason: detail.reason.code }),
    );
    connection.addEventListener("datalost", ({ detail }) => events.push({ type: "datalost", reason: detail.reason }));
    queue = await connection.openQueue<string>(queueName, settings);
    return connection.host?.kind;
  },
  host: () => connection.host,
  async send(count, { bytes = 0 } = {}) {
    const codes = await Promise.all(Array.from({ length: count }, () => sendOne(bytes)));
    return codes.filter((code) => code !== undefined);
  },
  startProducing(load = {}) {
    isProducing = true;
    producing = produce(load);
  },
  async stopProducing() {
    isProducing = false;
    await producing;
  },
  startConsuming(load = {}) {
    const { concurrency = 1, prefetch = concurrency, isHeld = false } = load;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    consumer = queue.consume(createHandler(report, load, isHeld ? held : undefined), { concurrency, prefetch });
  },
  letGo: () => letGo(),
  async stopConsuming() {
    await consumer?.stop();
  },
  async registerServiceWorker() {
    await navigator.serviceWorker.register(new URL("./service-worker.js", import.meta.url), {
      scope: "/",
      type: "module",
    });
    await navigator.serviceWorker.ready;
  },
  async askServiceWorker<T>(request: object) {
    const { active } = await navigator.serviceWorker.ready;
    const { port1, port2 } = new MessageChannel();
    const answered = new Promise<T>((resolve, reject) => {
      port1.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data.value));
    });
    active?.postMessage(request, [port2]);
    return answered;
  },
};
globalThis.lab = lab;
