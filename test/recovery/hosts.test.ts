// The context that hosts dies, or its build is no longer the newest; the others go on.

import type { Page } from "@playwright/test";
import {
  bodiesOf,
  crash,
  expect,
  expectAllHandledOnce,
  killSharedWorkers,
  longestPauseMs,
  median,
  ofType,
  sendUntilAtGate,
  test,
  untilIdle,
} from "../faults/lab.js";

const epochOf = (page: Page) => page.evaluate(() => lab.host()?.epoch ?? 0);

test("a killed SharedWorker is replaced in less than a second, nothing lost and nothing handled twice", async ({
  browser,
  tabs,
}) => {
  const pages = [await tabs.open({ name: "a" }), await tabs.open({ name: "b" })];
  for (const page of pages) {
    await page.evaluate(async () => {
      await lab.open();
      lab.startProducing({ everyMs: 4 });
      lab.startConsuming({ concurrency: 4, prefetch: 16 });
    });
  }
  const { history } = tabs;
  const failOverMs: number[] = [];
  for (let kill = 0; kill < 5; kill++) {
    const epoch = await epochOf(pages[0] as Page);
    await expect
      .poll(() => ofType(history, "sent").filter((event) => event.epoch === epoch).length)
      .toBeGreaterThan(40);
    const { killed, at: killedAt } = await killSharedWorkers(browser);
    expect(killed).toBe(1);
    const isLater = (event: { epoch: number }) => event.epoch > epoch;
    for (const tab of ["a", "b"]) {
      for (const type of ["sent", "delivered"] as const) {
        await expect
          .poll(() => ofType(history, type).some((event) => event.tab === tab && isLater(event)), { intervals: [20] })
          .toBe(true);
      }
    }
    failOverMs.push((ofType(history, "sent").find(isLater)?.at ?? Number.NaN) - killedAt);
  }
  for (const page of pages) await page.evaluate(() => lab.stopProducing());
  await untilIdle(pages[0] as Page);
  for (const page of pages) await page.evaluate(() => lab.stopConsuming());

  await expectAllHandledOnce(history);
  const delivered = bodiesOf(history, "delivered");
  expect(
    delivered.filter((body, i) => delivered.indexOf(body) !== i),
    "delivered twice to the living",
  ).toEqual([]);
  const times = `${failOverMs.map(Math.round).join(", ")} ms for ${bodiesOf(history, "sent").length} messages`;
  console.log(`    fail-over: ${times}`);
  test.info().annotations.push({ type: "fail-over", description: times });
  expect(median(failOverMs)).toBeLessThan(1_000);
});

test("a crash of the tab that created the worker gives its deliveries to another tab within a second, in order", async ({
  tabs,
}) => {
  const first = await tabs.open({ name: "first" });
  await first.evaluate(() => lab.open());
  const other = await tabs.open({ name: "other" });
  await other.evaluate(() => lab.open());
  await first.evaluate(async () => {
    await lab.send(20);
    lab.startConsuming({ prefetch: 8, stuckOn: "first" });
  });
  const { history } = tabs;
  await expect.poll(() => bodiesOf(history, "delivered")).toEqual(["first-000001"]);
  await other.evaluate(() => lab.startConsuming());
  await expect.poll(() => bodiesOf(history, "acked").length).toBe(12);

  const crashedAt = performance.now();
  await crash(first);
  await expect.poll(() => bodiesOf(history, "acked").length, { intervals: [20] }).toBe(20);
  const back = ofType(history, "delivered").filter(({ tab, at }) => tab === "other" && at > crashedAt);
  const backMs = Math.round((back[0]?.at ?? Number.NaN) - crashedAt);
  console.log(`    back after ${backMs} ms`);
  test.info().annotations.push({ type: "recovery", description: `${backMs} ms` });
  expect(backMs).toBeLessThan(1_000);
  const bodies = back.map(({ body }) => body);
  expect(bodies).toEqual([...bodies].sort());
  expect(bodies).toHaveLength(8);
  await expectAllHandledOnce(history);
});

test("a message that crashes its tab each time dies after its deliveries, and none of its neighbours", async ({
  tabs,
}) => {
  const sender = await tabs.open({ name: "m" });
  await sender.evaluate(async () => {
    await lab.open({ maxDeliveries: 3 });
    await lab.send(12);
  });
  let crashes = 0;
  const deadCount = () => sender.evaluate(async () => (await lab.queue.stats()).dead);
  while ((await deadCount()) === 0) {
    expect(crashes).toBeLessThan(8);
    const seen = bodiesOf(tabs.history, "delivered").filter((body) => body === "m-000005").length;
    const victim = await tabs.open({ name: `victim-${crashes}` });
    await victim.evaluate(async () => {
      await lab.open();
      lab.startConsuming({ prefetch: 12, stuckOn: "m-000005" });
    });
    const isPoisoned = () => bodiesOf(tabs.history, "delivered").filter((body) => body === "m-000005").length > seen;
    await expect.poll(async () => isPoisoned() || (await deadCount()) > 0).toBe(true);
    if (!isPoisoned()) break;
    await crash(victim);
    crashes++;
    await expect.poll(() => sender.evaluate(async () => (await lab.queue.stats()).leased)).toBe(0);
  }
  const survivor = await tabs.open({ name: "survivor" });
  await survivor.evaluate(async () => {
    await lab.open();
    lab.startConsuming({ prefetch: 12 });
  });
  await untilIdle(survivor);
  const dead = await survivor.evaluate(() => lab.queue.deadLetters.list());
  expect(dead.map(({ body, attempts }) => ({ body, attempts }))).toEqual([{ body: "m-000005", attempts: 3 }]);
  // Twice it was one of several; from then on it went alone, and counted.
  expect(crashes).toBe(5);
  expect(new Set(bodiesOf(tabs.history, "acked")).size).toBe(11);
});

test("a host that hangs for ever is given up: the other tabs go on under the next one", async ({ tabs, site }) => {
  const hanging = await tabs.open({ name: "a" });
  await hanging.evaluate((gated) => lab.open({ gated }), { gate: "commit:begin", skip: 10, records: 1_000 });
  const other = await tabs.open({ name: "b" });
  await other.evaluate(() => lab.open({ dedicated: true }));
  const acked = (after: number) =>
    bodiesOf(
      tabs.history.filter(({ at }) => at > after),
      "acked",
    ).length;

  // Nobody hears of it: the worker keeps its locks and answers nothing. Sends come one at a time until then: a thread that
  // stops while a transaction of its own is open keeps everybody else out of the database.
  await sendUntilAtGate(other, site, 50, () => 250);
  const hungAt = performance.now();
  await other.evaluate(() => {
    // Slower than a busy machine's handlers, which report three times each: what they leave waits for them at the end.
    lab.startProducing({ everyMs: 100 });
    lab.startConsuming({ concurrency: 2, prefetch: 8 });
  });
  await expect.poll(() => acked(hungAt + 1_000), { timeout: 20_000 }).toBeGreaterThan(20);
  const pauseMs = longestPauseMs(tabs.history, hungAt);
  console.log(`    longest pause of sends after the host hung: ${pauseMs} ms`);
  expect(pauseMs, "it did hang").toBeGreaterThan(1_000);
  site.openGate();
  await other.evaluate(() => lab.stopProducing());
  await untilIdle(other);
  const delivered = new Set(bodiesOf(tabs.history, "delivered"));
  expect(
    bodiesOf(tabs.history, "sent").filter((body) => !delivered.has(body)),
    "lost",
  ).toEqual([]);
});
