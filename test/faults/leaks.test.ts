// What connections leave behind that have come and gone, in the page and in the worker that hosts.

import type { Browser, Page } from "@playwright/test";
import { expect, test } from "./lab.js";

const ROUNDS = 1_000;
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

/**
 * Bytes that each of so many rounds leaves, at either end. What is made on the first use, compiled code above all, is not
 * left by each: so many go before. Of two measurements the lesser counts: what is left by each shows in both.
 */
async function leftBytes(ends: Ends, rounds: (count: number) => Promise<void>): Promise<Left> {
  const used = async () => ({ page: await ends.page.usedBytes(), worker: await ends.worker.usedBytes() });
  await rounds(ROUNDS);
  const at = [await used()];
  for (let i = 0; i < 2; i++) {
    await rounds(ROUNDS);
    at.push(await used());
  }
  const [first, second, third] = at as [Left, Left, Left];
  const least = (end: keyof Left) => Math.min(second[end] - first[end], third[end] - second[end]) / ROUNDS;
  return { page: least("page"), worker: least("worker") };
}

type Left = Readonly<Record<"page" | "worker", number>>;
type Ends = Readonly<Record<"page" | "worker", Heap>>;

/** A port to a SharedWorker of no use, opened, answered on and closed: what the browser itself keeps of one. */
async function leftOfBarePorts(page: Page, browser: Browser): Promise<Left> {
  const address = await page.evaluate(() => {
    const source =
      "onconnect = ({ ports: [port] }) => { port.onmessage = () => { port.postMessage(1); port.close(); }; };";
    return URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  });
  const rounds = (count: number) =>
    page.evaluate(
      async ({ many, url }) => {
        const connectAndClose = async () => {
          const { port } = new SharedWorker(url);
          await new Promise((resolve) => {
            port.onmessage = resolve;
            port.postMessage(1);
          });
          port.close();
        };
        for (let i = 0; i < many; i += 20) await Promise.all(Array.from({ length: 20 }, connectAndClose));
      },
      { many: count, url: address },
    );
  await rounds(20);
  return leftBytes({ page: await heapOfPage(page), worker: await heapOfWorker(browser, address) }, rounds);
}

test("a thousand connections that have ended leave nothing of them at either end", async ({ tabs, browser }) => {
  test.setTimeout(180_000);
  const own = await leftOfBarePorts(await tabs.open({ name: "bare" }), browser);

  const page = await tabs.open({ name: "page" });
  const staying = await page.evaluateHandle(async () => ({ connection: await lab.connect() }));
  const ends = { page: await heapOfPage(page), worker: await heapOfWorker(browser, "shared-worker.js") };
  const left = await leftBytes(ends, (count) =>
    page.evaluate(async (many) => {
      const connectAndClose = async () => (await lab.connect()).close();
      for (let i = 0; i < many; i += 20) await Promise.all(Array.from({ length: 20 }, connectAndClose));
    }, count),
  );
  await staying.dispose();

  const told = `bytes left of a connection ${JSON.stringify(left)}, of a bare port ${JSON.stringify(own)}`;
  expect(left.page - Math.max(0, own.page), told).toBeLessThan(LEFT_BYTES_MAX);
  expect(left.worker - Math.max(0, own.worker), told).toBeLessThan(LEFT_BYTES_MAX);
});
