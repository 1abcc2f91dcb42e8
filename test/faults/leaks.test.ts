// What connections leave behind that have come and gone, in the page and in the worker that hosts.

import type { Browser, Page } from "@playwright/test";
import { expect, test } from "./lab.js";

const ROUNDS = Number(process.env.LEAK_ROUNDS ?? 1_000);
/** Of one connection, at either end, beyond what the browser itself keeps of a port. */
const LEFT_BYTES_MAX = 100;

/** Bytes of the heap that are in use once everything that can be is collected. */
interface Heap {
  usedBytes(): Promise<number>;
}

type Send = (method: string) => Promise<{ readonly usedSize: number }>;

const heapOf = (send: Send): Heap => ({
  async usedBytes() {
    // Finalizers run after a collection, and what they let go is collected by the next.
    for (let i = 0; i < 4; i++) await send("HeapProfiler.collectGarbage");
    return (await send("Runtime.getHeapUsage")).usedSize;
  },
});

async function heapOfPage(page: Page): Promise<Heap> {
  const cdp = await page.context().newCDPSession(page);
  return heapOf((method) => cdp.send(method as "Runtime.getHeapUsage"));
}

/** A SharedWorker has no session in Playwright: its messages go by way of the browser's. */
async function heapOfWorker(browser: Browser, part: string): Promise<Heap> {
  const cdp = await browser.newBrowserCDPSession();
  const { targetInfos } = await cdp.send("Target.getTargets");
  const worker = targetInfos.find(({ type, url }) => type === "shared_worker" && url.includes(part));
  if (worker === undefined) throw new Error(`no SharedWorker "${part}"`);
  const { sessionId } = await cdp.send("Target.attachToTarget", { targetId: worker.targetId, flatten: false });
  let lastId = 0;
  return heapOf((method) => {
    const id = ++lastId;
    const answer = new Promise<{ readonly usedSize: number }>((resolve) => {
      const onMessage = ({ message }: { readonly message: string }) => {
        const told = JSON.parse(message) as { readonly id?: number; readonly result: { readonly usedSize: number } };
        if (told.id !== id) return;
        cdp.off("Target.receivedMessageFromTarget", onMessage);
        resolve(told.result);
      };
      cdp.on("Target.receivedMessageFromTarget", onMessage);
    });
    return cdp
      .send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id, method }) })
      .then(() => answer);
  });
}

/** Bytes that each of so many rounds leaves, at either end. */
async function leftBytes(ends: Readonly<Record<"page" | "worker", Heap>>, rounds: (count: number) => Promise<void>) {
  // Once before: what is made on the first use is not left by each.
  await rounds(ROUNDS / 10);
  const before = { page: await ends.page.usedBytes(), worker: await ends.worker.usedBytes() };
  await rounds(ROUNDS);
  const after = { page: await ends.page.usedBytes(), worker: await ends.worker.usedBytes() };
  return { page: (after.page - before.page) / ROUNDS, worker: (after.worker - before.worker) / ROUNDS };
}

test("a thousand connections that have ended leave nothing of them at either end", async ({ tabs, browser, site }) => {
  test.setTimeout(240_000);
  const page = await tabs.open({ name: "page" });
  await page.evaluate(() => lab.open());
  const staying = await page.evaluateHandle(() => lab.connect());
  const ends = { page: await heapOfPage(page), worker: await heapOfWorker(browser, "shared-worker.js") };
  const left = await leftBytes(ends, (count) =>
    page.evaluate(async (many) => {
      const connectAndClose = async () => (await lab.connect()).close();
      for (let i = 0; i < many; i += 20) await Promise.all(Array.from({ length: 20 }, connectAndClose));
    }, count),
  );

  await staying.dispose();

  // The browser's own share: a port to a SharedWorker that says a word and is closed.
  const bare = await tabs.open({ name: "bare" });
  const source =
    "onconnect = ({ ports: [port] }) => { port.onmessage = () => { port.postMessage(1); port.close(); }; };";
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  const connectBare = (count: number) =>
    bare.evaluate(
      async ([many, address]) => {
        for (let i = 0; i < many; i++) {
          const { port } = new SharedWorker(address, { name: "bare" });
          await new Promise((resolve) => {
            port.onmessage = resolve;
            port.postMessage(1);
          });
          port.close();
        }
      },
      [count, url] as const,
    );
  await connectBare(1);
  const bareEnds = { page: await heapOfPage(bare), worker: await heapOfWorker(browser, "data:text/javascript") };
  const own = await leftBytes(bareEnds, connectBare);

  console.log(`left of each connection ${JSON.stringify(left)}, of each bare port ${JSON.stringify(own)}`, site.origin);
  expect(left.page - Math.max(0, own.page)).toBeLessThan(LEFT_BYTES_MAX);
  expect(left.worker - Math.max(0, own.worker)).toBeLessThan(LEFT_BYTES_MAX);
});
