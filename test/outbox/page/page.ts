// A page with an outbox that does what the tests tell it.

import { connect } from "../../../src/index.js";
import { createOutbox, type Outbox } from "../../../src/outbox.js";
import type { Lab } from "./lab.js";

let outbox: Outbox;
const events: Lab["events"] = [];

const hex = (bytes: ArrayBuffer) =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
const noise = (length: number) => crypto.getRandomValues(new Uint8Array(length));

/** Bodies of every type that `fetch` takes. */
const BODIES: readonly ((n: number) => BodyInit)[] = [
  (n) => `text ${n}: grün, 緑, 🟢`,
  (n) => new Blob([JSON.stringify({ n, list: [1, 2, 3] })], { type: "application/json" }),
  (n) => noise(1_000 + n).buffer,
  (n) => new Blob([noise(3_000), `blob ${n}`], { type: "image/x-noise" }),
  (n) => new URLSearchParams({ n: String(n), text: "a & b = c" }),
  (n) => {
    const form = new FormData();
    form.set("text", `form ${n}`);
    form.set("photo", new File([noise(20_000)], `photo ${n}.jpg`, { type: "image/jpeg" }));
    return form;
  },
  (n) => noise(500).subarray(0, 100 + n),
];

const lab: Lab = {
  events,
  get outbox() {
    return outbox;
  },
  async open(options = {}) {
    outbox = createOutbox({ backoff: { baseMs: 200, maxMs: 2_000 }, reconnectSpreadMs: 200, ...options });
    for (const type of ["queued", "delivered", "dead"] as const) {
      outbox.addEventListener(type, ({ detail }) => events.push({ type, metadata: detail.metadata }));
    }
    await outbox.stats();
  },
  async post(path, body = "text", { metadata, groupId } = {}) {
    const request = new Request(path, { method: "POST", body });
    const options = { ...(metadata !== undefined && { metadata }), ...(groupId && { groupId }) };
    return (await outbox.fetch(request, options)).status;
  },
  async postEveryType(count) {
    const digests: Record<string, string> = {};
    for (let n = 0; n < count; n++) {
      const path = `/api/group-${n % 5}?n=${n}`;
      const request = new Request(path, {
        method: n % 3 ? "POST" : "PUT",
        body: BODIES[n % BODIES.length]?.(n) ?? null,
      });
      digests[path] = hex(await crypto.subtle.digest("SHA-256", await request.clone().arrayBuffer()));
      const { status } = await outbox.fetch(request, { metadata: n });
      if (status !== 202) throw new Error(`${path} was answered with ${status}`);
    }
    return digests;
  },
  waiting: async () => (await outbox.waiting({ max: 1_000 })).length,
  dead: async () => outbox.dead.list(),
  async call<T>(call: string, ...args: unknown[]) {
    const { active } = await navigator.serviceWorker.ready;
    const { port1, port2 } = new MessageChannel();
    const answered = new Promise<T>((resolve, reject) => {
      port1.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data.value));
    });
    active?.postMessage({ call, args }, [port2]);
    return answered;
  },
  async openedWithoutKey() {
    const connection = await connect();
    const opened = await connection.openQueue("outbox").then(
      () => "opened",
      ({ code }) => code,
    );
    await connection.close();
    return opened;
  },
  async shred() {
    const connection = await connect({ encryption: { generate: true } });
    await connection.shred();
    await connection.close();
  },
  async registerServiceWorker(name, search = "") {
    await navigator.serviceWorker.register(`/${name}.js${search}`, { scope: "/", type: "module" });
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller) return;
    await new Promise((resolve) =>
      navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }),
    );
  },
};
globalThis.outboxLab = lab;
