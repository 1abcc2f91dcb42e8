// Effects and sends in the application's own database while tabs and SharedWorkers are killed: none lost, none twice.

import type { Page } from "@playwright/test";
import { bodiesOf, crash, expect, killSharedWorkers, type Tabs, test, untilIdle } from "./lab.js";
import type {} from "./page/ledger.js";

const read = (page: Page) => page.evaluate(() => book.read());
const repeated = (bodies: readonly string[]) => bodies.filter((body, i) => bodies.indexOf(body) !== i);
const missing = (bodies: readonly string[], from: readonly string[]) => {
  const present = new Set(from);
  return bodies.filter((body) => !present.has(body));
};

const openTab = async (tabs: Tabs, name: string) => {
  const page = await tabs.open({ name });
  await page.evaluate(() => lab.open({ maxDeliveries: 100, backoff: { baseMs: 20, maxMs: 20 } }));
  return page;
};

/** More of them than before: work is going on when the next kill comes. */
const untilMore = async (page: Page, what: "orders" | "effects", by: number) => {
  const before = (await read(page))[what].length;
  await expect.poll(async () => (await read(page))[what].length, { intervals: [20] }).toBeGreaterThan(before + by);
};

test("effects of messages happen once each while consuming tabs and the SharedWorker are killed", async ({
  browser,
  tabs,
}) => {
  const witness = await openTab(tabs, "witness");
  await witness.evaluate(() => lab.startProducing({ everyMs: 4, burst: 2 }));
  for (let kill = 0; kill < 6; kill++) {
    const victim = await openTab(tabs, `victim-${kill}`);
    await victim.evaluate(() => book.startHandling());
    await untilMore(witness, "effects", 20);
    if (kill % 2) await killSharedWorkers(browser);
    await untilMore(witness, "effects", 5);
    await crash(victim);
    await victim.close();
  }
  await witness.evaluate(() => lab.stopProducing());
  await witness.evaluate(() => book.startHandling());
  await untilIdle(witness);

  const { effects } = await read(witness);
  const sent = bodiesOf(tabs.history, "sent");
  const sending = bodiesOf(tabs.history, "sending");
  expect(repeated(effects), "had their effect twice").toEqual([]);
  expect(missing(sent, effects), "had no effect").toEqual([]);
  expect(missing(effects, sending), "were never sent").toEqual([]);
  expect((await witness.evaluate(() => lab.queue.stats())).dead).toBe(0);
  console.log(`    ${effects.length} effects of ${sent.length} messages`);
});

test("sends of committed transactions arrive once each while the tabs that relay and the SharedWorker are killed", async ({
  browser,
  tabs,
}) => {
  const witness = await openTab(tabs, "witness");
  for (let kill = 0; kill < 6; kill++) {
    const victim = await openTab(tabs, `victim-${kill}`);
    await victim.evaluate(() => book.startOrdering());
    await untilMore(witness, "orders", 20);
    if (kill % 2) await killSharedWorkers(browser);
    await untilMore(witness, "orders", 10);
    if (kill % 4 < 2) await crash(victim);
    else await victim.reload();
    await victim.close();
  }
  await witness.evaluate(() => book.relay());
  const { orders, unsent } = await read(witness);
  const bodies = await witness.evaluate(async () => {
    const all: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await lab.queue.peek({ max: 500, ...(after && { after }) });
      all.push(...page.map(({ body }) => body));
      after = page.at(-1)?.id;
      if (page.length < 500) return all;
    }
  });
  expect(unsent).toBe(0);
  expect(bodies, "each once, in the order of the commits").toEqual(orders);
  console.log(`    ${orders.length} sends`);
});

test("from outbox to inbox, every order has its effect once while everything is killed", async ({ browser, tabs }) => {
  const witness = await openTab(tabs, "witness");
  for (let kill = 0; kill < 4; kill++) {
    const victim = await openTab(tabs, `victim-${kill}`);
    await victim.evaluate(() => Promise.all([book.startOrdering(), book.startHandling()]));
    await untilMore(witness, "effects", 15);
    if (kill % 2) await killSharedWorkers(browser);
    await untilMore(witness, "orders", 10);
    await crash(victim);
    await victim.close();
  }
  await witness.evaluate(() => Promise.all([book.relay(), book.startHandling()]));
  await untilIdle(witness);
  const { orders, effects, unsent } = await read(witness);
  expect(unsent).toBe(0);
  expect([...effects].sort()).toEqual([...orders].sort());
  console.log(`    ${effects.length} effects of ${orders.length} orders`);
});
