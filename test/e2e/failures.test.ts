// Handlers that fail, and what becomes of their messages.

import { doNow, expect, handledBy, inspectorOf, openTab, test } from "./demo.js";

test("a message whose handler fails three times is a dead letter with its reason, and goes on once redriven", async ({
  context,
}) => {
  const tab = await openTab(context);
  await tab.slide("Time per message", 0);
  await tab.page.getByLabel("Fail every message").check();
  await tab.as("Consume");
  for (let i = 0; i < 3; i++) await tab.press("Send one");
  await tab.shows({ dead: 3, ready: 0, delayed: 0 });
  expect((await tab.log()).map(({ outcome }) => outcome)).toEqual(Array(9).fill("failed"));

  const inspector = inspectorOf(tab.page);
  await inspector.getByRole("combobox", { name: "Which messages" }).selectOption("dead");
  const rows = inspector.getByRole("grid").getByRole("row", { name: /told to fail every message/ });
  await expect(rows).toHaveCount(3);

  await tab.page.getByLabel("Fail every message").uncheck();
  await rows.first().click();
  await expect(inspector.getByText("Given up: max-deliveries")).toBeVisible();
  await inspector.getByRole("button", { name: "Redrive", exact: true }).click();
  await doNow(tab.page);
  await tab.shows({ dead: 2, done: 1 });
  await tab.press("Redrive…");
  await tab.page.getByRole("dialog").getByRole("button", { name: "Redrive" }).click();
  await doNow(tab.page);
  await tab.shows({ dead: 0, done: 3 });
  await expect(inspector.getByRole("button", { name: "Redrive…" })).toBeDisabled();
  expect(new Set(handledBy(await tab.log()).map(({ id }) => id)).size).toBe(3);
});

test("a handler that fails now and then still gets every message done or buried, none lost", async ({ context }) => {
  const tab = await openTab(context);
  await tab.slide("Time per message", 0);
  await tab.slide("Handlers at once", 32);
  await tab.slide("Chance to fail", 40);
  await tab.as("Consume");
  await tab.press("Send 1,000");
  await tab.shows({ ready: 0, delayed: 0, leased: 0 });
  const count = async (name: "done" | "dead") => Number((await tab.tile(name).textContent())?.replaceAll(",", ""));
  await expect.poll(async () => (await count("done")) + (await count("dead")), { timeout: 30_000 }).toBe(1_000);
  expect(await count("dead")).toBeGreaterThan(0);
  expect(new Set(handledBy(await tab.log()).map(({ id }) => id)).size).toBe(await count("done"));

  await tab.press("Purge…");
  const dialog = tab.page.getByRole("dialog", { name: "Delete messages of work" });
  await dialog.getByRole("combobox", { name: "Which" }).selectOption("dead");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await doNow(tab.page);
  await tab.shows({ dead: 0 });
});

test("a paused queue hands out nothing until it is resumed; deleting what waits empties it", async ({ context }) => {
  const tab = await openTab(context);
  await tab.slide("Time per message", 0);
  await tab.press("Pause the queue");
  await tab.as("Consume");
  await tab.press("Send 1,000");
  await tab.shows({ ready: 1_000, leased: 0, done: 0 });
  expect(await tab.handledHere()).toBe(0);

  await tab.press("Delete what waits");
  await tab.press("Really delete it?");
  await tab.shows({ ready: 0 });
  await tab.press("Send one");
  await tab.press("Resume the queue");
  await tab.shows({ ready: 0, done: 1 });
});

test("a full queue is said in a sentence that can be dismissed", async ({ context }) => {
  const tab = await openTab(context);
  await tab.page.getByLabel("Room for").selectOption("1,000 messages");
  await tab.press("Send 1,000");
  await tab.shows({ ready: 1_000 });
  await tab.press("Send one");
  const problem = tab.page.getByRole("alert");
  await expect(problem).toContainText("Sending failed: The queue has no room left.");
  await expect(problem).toContainText("full:");
  await tab.press("Dismiss");
  await expect(problem).toHaveText("");
});
