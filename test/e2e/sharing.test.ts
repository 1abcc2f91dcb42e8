// Two tabs, one queue.

import { expect, handledBy, linesOf, openTab, test, upTo } from "./demo.js";

test("two tabs share the work, and each message is handled once", async ({ context }) => {
  const producer = await openTab(context);
  const first = await openTab(context);
  const second = await openTab(context);
  for (const tab of [first, second]) await tab.slide("Time per message", 10);
  await first.as("Consume");
  await second.as("Consume");
  await producer.press("Send 1,000");
  await producer.press("Send 1,000");
  await producer.press("Send one");

  await producer.shows({ done: 2_001, ready: 0, leased: 0 });
  const logs = [await first.log(), await second.log()];
  for (const log of logs) expect(log.length).toBeGreaterThan(0);
  const handled = handledBy(...logs);
  expect(handled).toHaveLength(2_001);
  expect(new Set(handled.map(({ id }) => id)).size).toBe(2_001);
  expect(handled.every(({ attempt }) => attempt === 1)).toBe(true);

  // Each tab sees what the others did.
  for (const [i, tab] of [first, second].entries()) {
    const share = producer.page.getByTestId(`share-${tab.name}`);
    await expect(share).toHaveText((logs[i]?.length ?? 0).toLocaleString("en"));
  }
  expect(new Set([producer.name, first.name, second.name]).size).toBe(3);
});

test("a file of 10,000 lines is worked off by two tabs, each line exactly once", async ({ context }) => {
  const first = await openTab(context);
  const second = await openTab(context);
  for (const tab of [first, second]) {
    await tab.slide("Time per message", 1);
    await tab.slide("Handlers at once", 16);
    await tab.as("Consume");
  }
  await first.drop(
    "lines.txt",
    upTo(10_000)
      .map((n) => `line ${n} of ten thousand`)
      .join("\n"),
  );
  await expect(first.page.getByTestId("import-status")).toHaveText("Done: 10,000 messages from text.");
  await first.shows({ done: 10_000, ready: 0, leased: 0, dead: 0 });

  const logs = [await first.log(), await second.log()];
  for (const log of logs) expect(log.length).toBeGreaterThan(0);
  const handled = handledBy(...logs);
  expect(linesOf(handled)).toEqual(upTo(10_000));
  expect(handled.every(({ body, headers }) => body === `line ${headers.line} of ten thousand`)).toBe(true);
  await expect(first.page.getByTestId("import-status")).toBeVisible();
});

test("within a priority, first deliveries leave in the order in which they were accepted", async ({ context }) => {
  const tab = await openTab(context);
  const priority = tab.page.getByLabel("Priority", { exact: true });
  for (const level of ["2", "9", "4"]) {
    await priority.selectOption(level);
    await tab.press("Send 1,000");
  }
  await tab.shows({ ready: 3_000 });
  await tab.slide("Handlers at once", 1);
  await tab.slide("Time per message", 0);
  await tab.as("Consume");
  await tab.shows({ done: 3_000, ready: 0 });

  const log = await tab.log();
  const orders = (level: number) =>
    log.filter(({ priority }) => priority === level).map(({ body }) => (body as { order: number }).order);
  expect(orders(2)).toEqual(upTo(1_000));
  expect(orders(9)).toEqual(upTo(1_000).map((n) => n + 1_000));
  expect(orders(4)).toEqual(upTo(1_000).map((n) => n + 2_000));
  expect(log.map((entry) => entry.priority)).toEqual([9, 4, 2].flatMap((level) => Array(1_000).fill(level)));
});

test("a tab that closes leaves its messages to the others", async ({ context }) => {
  const stays = await openTab(context);
  const goes = await openTab(context);
  await goes.slide("Time per message", 100);
  await goes.slide("Handlers at once", 8);
  await goes.as("Consume");
  await stays.press("Send 1,000");
  await stays.shows({ leased: 8 });
  await goes.page.close();

  await stays.shows({ leased: 0, ready: 1_000 }, 10_000);
  await stays.slide("Time per message", 0);
  await stays.as("Consume");
  await stays.shows({ done: 1_000, ready: 0, leased: 0 });
  expect(new Set(handledBy(await stays.log()).map(({ id }) => id)).size).toBe(1_000);
});
