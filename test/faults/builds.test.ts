// Yesterday's tab and today's on one database: two builds that really differ, each with workers of its own.

import { bodiesOf, expect, expectAllHandledOnce, killSharedWorkers, test, untilIdle } from "./lab.js";

test("the newer build takes the host role, and the older tab keeps working over a channel", async ({
  browser,
  tabs,
}) => {
  const old = await tabs.open({ name: "old" });
  await old.evaluate(async () => {
    await lab.open();
    lab.startProducing({ everyMs: 40 });
    lab.startConsuming({ handlerMs: 20 });
  });
  await expect.poll(() => bodiesOf(tabs.history, "acked").length).toBeGreaterThan(5);
  const young = await tabs.open({ name: "young", build: "next" });
  await young.evaluate(async () => {
    await lab.open();
    lab.startProducing({ everyMs: 40 });
    lab.startConsuming({ handlerMs: 20 });
  });
  const count = (type: "sent" | "acked", tab: string) =>
    tabs.history.filter((e) => e.type === type && e.tab === tab).length;
  await expect.poll(() => old.evaluate(() => lab.events)).toContainEqual({ type: "hostchange" });
  const epochs = () => Promise.all([old, young].map((page) => page.evaluate(() => lab.host()?.epoch)));
  const [epoch] = await epochs();
  expect(await epochs()).toEqual([epoch, epoch]);
  // The worker of the older build is not the one that hosts: nobody misses it.
  expect((await killSharedWorkers(browser, "/today/shared-worker.js")).killed).toBe(1);
  const before = [count("sent", "old"), count("acked", "old"), count("sent", "young"), count("acked", "young")];
  await expect
    .poll(() =>
      [count("sent", "old"), count("acked", "old"), count("sent", "young"), count("acked", "young")].every(
        (n, i) => n > (before[i] ?? 0) + 5,
      ),
    )
    .toBe(true);
  expect(await epochs()).toEqual([epoch, epoch]);
  for (const page of [old, young]) await page.evaluate(() => lab.stopProducing());
  await untilIdle(old);
  await expectAllHandledOnce(tabs.history);
  const delivered = bodiesOf(tabs.history, "delivered");
  expect(
    delivered.filter((body, i) => delivered.indexOf(body) !== i),
    "delivered twice by a hand-over",
  ).toEqual([]);
});

test("a newer build that closes leaves the older one hosting again", async ({ tabs }) => {
  const old = await tabs.open({ name: "old" });
  await old.evaluate(() => lab.open());
  const young = await tabs.open({ name: "young", build: "next" });
  await young.evaluate(() => lab.open());
  await expect.poll(() => old.evaluate(() => lab.events)).toContainEqual({ type: "hostchange" });
  expect(await old.evaluate(() => lab.send(5))).toEqual([]);
  await young.close();
  expect(await old.evaluate(() => lab.send(5))).toEqual([]);
  await old.evaluate(() => lab.startConsuming());
  await untilIdle(old);
  await expectAllHandledOnce(tabs.history);
});

for (const [where, how] of [
  ["in SharedWorkers", {}],
  ["in workers of their own", { dedicated: true }],
] as const)
  test(`a tab that cannot speak the newer build's wire is told that it is outdated, and nothing is lost: ${where}`, async ({
    tabs,
  }) => {
    const old = await tabs.open({ name: "old" });
    await old.evaluate(async (how) => {
      await lab.open(how);
      await lab.send(10);
    }, how);
    const young = await tabs.open({ name: "young", build: "next-wire" });
    await young.evaluate((how) => lab.open(how), how);
    await expect
      .poll(() => old.evaluate(() => lab.events))
      .toContainEqual({ type: "outdated", reason: "protocol-mismatch" });
    expect(await old.evaluate(() => lab.send(1))).toEqual(["protocol-mismatch"]);
    const late = await tabs.open({ name: "late" });
    await expect(late.evaluate((how) => lab.open(how), how)).rejects.toThrow(/QueueError/);
    await young.evaluate(() => lab.startConsuming());
    await untilIdle(young);
    await expectAllHandledOnce(tabs.history);
  });

test("a database of a newer format is refused by the older build, untouched", async ({ tabs }) => {
  const young = await tabs.open({ name: "young", build: "next-format" });
  await young.evaluate(async () => {
    await lab.open();
    await lab.send(10);
  });
  await young.close();
  const old = await tabs.open({ name: "old" });
  const code = await old.evaluate(() =>
    lab.open().then(
      () => "opened",
      (error) => error.code,
    ),
  );
  expect(code).toBe("format-too-new");
  await old.close();
  const again = await tabs.open({ name: "again", build: "next-format" });
  await again.evaluate(async () => {
    await lab.open();
    lab.startConsuming();
  });
  await untilIdle(again);
  expect(bodiesOf(tabs.history, "acked")).toHaveLength(10);
  await expectAllHandledOnce(tabs.history);
});
