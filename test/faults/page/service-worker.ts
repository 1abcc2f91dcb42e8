// A service worker that uses the queue inside `waitUntil`, when a page's message or a sync event asks for it.

import { connect, openQueue } from "../../../src/service-worker.js";
import "../../../src/encryption.js";
import { createHandler } from "./handling.js";
import { encryptionOf } from "./key.js";
import type { Handled, ServiceWorkerRequest } from "./lab.js";
import { tell } from "./tell.js";

interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}

/** Each start of the worker is somebody else: it forgets all at its end. */
const name = `service-worker-${crypto.randomUUID().slice(0, 8)}`;
const handled: Handled[] = [];
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const placeOf = (url: string | undefined) => (url === undefined ? { database: "lab" } : { url });

interface Draining {
  readonly handlerMs?: number;
  readonly url?: string;
  readonly encrypted?: boolean;
}

async function drain(budgetMs: number, { handlerMs = 0, url, encrypted }: Draining = {}) {
  const connection = await connect({ ...placeOf(url), ...(await encryptionOf(encrypted)) });
  const queue = await connection.openQueue<string>("work");
  const handle = createHandler(
    async (unsigned) => {
      const wroteAt = performance.timeOrigin + performance.now();
      const report = { ...unsigned, epoch: connection.host?.epoch ?? 0, wroteAt };
      await tell([{ type: "reported", by: name, report }]);
    },
    { handlerMs },
  );
  const result = await queue.consumeUntilEmpty(
    async (delivery) => {
      const { id, body, attempt } = delivery;
      handled.push({ id, body, attempt, host: connection.host?.kind ?? "none" });
      await handle(delivery);
    },
    { budgetMs },
  );
  await connection.close();
  return result;
}

async function send(bodies: readonly string[], url?: string) {
  const connection = await connect(placeOf(url));
  const queue = await connection.openQueue<string>("work");
  for (const body of bodies) await queue.send(body);
  const kind = connection.host?.kind;
  await connection.close();
  return kind;
}

/** Sends, forwards all that waits on this device, and resolves with how many that were. */
async function forward(url: string, bodies: readonly string[]): Promise<number> {
  const queue = await openQueue<string>("work", { url, local: true });
  await queue.sendBatch(bodies.map((body) => ({ body })));
  await queue.whenIdle();
  const { forwarded } = (await queue.stats()).bridge;
  await queue.close();
  return forwarded;
}

async function answer(request: ServiceWorkerRequest): Promise<unknown> {
  if ("delayMs" in request) await sleep(request.delayMs ?? 0);
  switch (request.op) {
    case "send":
      return send(request.bodies, request.url);
    case "drain":
      return drain(request.budgetMs, request);
    case "forward":
      return forward(request.url, request.bodies);
    case "handled":
      return handled;
  }
}

addEventListener("install", () => (globalThis as unknown as { skipWaiting(): void }).skipWaiting());

addEventListener("message", (event) => {
  const { data, ports } = event as MessageEvent<ServiceWorkerRequest>;
  const answered = answer(data).then(
    (value) => ports[0]?.postMessage({ value }),
    (error) => ports[0]?.postMessage({ error: String(error) }),
  );
  (event as Event as Extendable).waitUntil(answered);
});

addEventListener("sync", (event) => {
  (event as Extendable).waitUntil(drain(10_000));
});
