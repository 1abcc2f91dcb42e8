// Files that visitors bring: CSV, JSON lines, text, good and bad.

import { expect, type Handled, linesOf, openTab, type Tab, test, upTo } from "./demo.js";

const status = (tab: Tab) => tab.page.getByTestId("import-status");
const skipped = (tab: Tab) => tab.page.getByRole("group").filter({ hasText: "skipped" });

async function handleAll(tab: Tab, messages: number): Promise<Handled[]> {
  await tab.slide("Time per message", 0);
  await tab.slide("Handlers at once", 1);
  await tab.as("Consume");
  await tab.shows({ done: messages, ready: 0, leased: 0 });
  return tab.log();
}

test("a CSV file becomes objects by its header, quotes and line breaks in cells included", async ({ context }) => {
  const tab = await openTab(context);
  const csv = 'name;note\r\nÅsa;"says ""hi""; twice"\r\n"Lü\nLi";\r\nonly one cell\r\n\r\nlast;row';
  await tab.drop("people.csv", csv);
  await expect(status(tab)).toHaveText("Done: 3 messages from CSV; 1 line skipped.");
  await skipped(tab).click();
  await expect(skipped(tab)).toContainText("Line 5 has 1 cell where the header has 2");

  expect((await handleAll(tab, 3)).map(({ body, headers }) => ({ body, headers }))).toEqual([
    { body: { name: "Åsa", note: 'says "hi"; twice' }, headers: { file: "people.csv", line: "2" } },
    { body: { name: "Lü\nLi", note: "" }, headers: { file: "people.csv", line: "3" } },
    { body: { name: "last", note: "row" }, headers: { file: "people.csv", line: "7" } },
  ]);
});

test("JSON lines are parsed; a line that is none is reported with its number and left out", async ({ context }) => {
  const tab = await openTab(context);
  await tab.drop("things.jsonl", '{"a":1}\n[2,3]\n{oops}\n\nnull\n"text"\n');
  await expect(status(tab)).toHaveText("Done: 4 messages from JSON lines; 1 empty line left out, 1 line skipped.");
  await expect(skipped(tab)).toContainText("Line 3 is no JSON");
  expect((await handleAll(tab, 4)).map(({ body }) => body)).toEqual([{ a: 1 }, [2, 3], null, "text"]);
});

test("a file that does not fit waits for room, and every line gets through", async ({ context }) => {
  const tab = await openTab(context);
  await tab.page.getByLabel("Room for").selectOption("1,000 messages");
  await tab.drop("many.txt", upTo(3_000).join("\n"));
  await expect(tab.page.getByText("The queue is full: waiting for room.")).toBeVisible();
  await tab.shows({ ready: 1_000 });
  await tab.slide("Time per message", 0);
  await tab.slide("Handlers at once", 16);
  await tab.as("Consume");
  await expect(status(tab)).toHaveText("Done: 3,000 messages from text.", { timeout: 20_000 });
  await tab.shows({ done: 3_000, ready: 0, leased: 0 });
  expect(linesOf(await tab.log())).toEqual(upTo(3_000));
});

test("an import that is cancelled says what was sent", async ({ context }) => {
  const tab = await openTab(context);
  await tab.page.getByLabel("Room for").selectOption("1,000 messages");
  await tab.drop("many.txt", upTo(3_000).join("\n"));
  await expect(tab.page.getByText("The queue is full: waiting for room.")).toBeVisible();
  await tab.press("Cancel");
  await expect(status(tab)).toHaveText("Cancelled. The 1,000 messages sent so far stay in the queue.");
  await tab.shows({ ready: 1_000 });
});

test("an empty file is called empty, and a dropped file counts like a chosen one", async ({ context }) => {
  const tab = await openTab(context);
  await tab.drop("empty.txt", "");
  await expect(status(tab)).toHaveText("The file is empty: no messages.");

  const transfer = await tab.page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(["one\ntwo\r\nthree"], "dropped.log"));
    return data;
  });
  await tab.page.dispatchEvent("body", "drop", { dataTransfer: transfer });
  await expect(status(tab)).toHaveText("Done: 3 messages from text.");
  expect((await handleAll(tab, 3)).map(({ body }) => body)).toEqual(["one", "two", "three"]);
});
