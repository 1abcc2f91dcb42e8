// Samples of the documentation that only a browser can run: those of an application's own IndexedDB, and of its own workers.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, type Page, test } from "@playwright/test";
import ts from "typescript";
import { ROOT } from "../../scripts/package-layout.mjs";

const samplesOf = (page: string): string[] =>
  [...readFileSync(`${ROOT}docs/${page}.md`, "utf8").matchAll(/^```ts[^\n]*\n(.*?)^```$/gms)].map(
    ([, code = ""]) => code,
  );
const [INBOX = "", OUTBOX = "", CHAIN = ""] = samplesOf("transactional");
const [TRUSTED = "", OWN = ""] = samplesOf("contexts");
const [INSPECTED = "", WHEN_WANTED = ""] = samplesOf("inspector");
const [SHOWN = "", EDITED = "", ELSEWHERE = "", POLISH = ""] = samplesOf("outbox-element");
const ONLY_SENT = samplesOf("guide").find((code) => code.includes('"originmq/send"')) ?? "";

/** As a module of a page that has the package's files in /originmq. */
const asModule = (code: string): string =>
  ts
    .transpileModule(code, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } })
    .outputText.replaceAll(
      /(from |import |import\()"originmq(?:\/([\w-]+))?"/g,
      (_, before, entry = "index") => `${before}"/originmq/${entry}.js"`,
    )
    .replaceAll('from "idb"', 'from "/idb.js"')
    .replaceAll(/"\/((?:shared|dedicated)-worker\.js)"/g, '"/originmq/$1"');

/** Runs it with what stands before and after it; resolves with what `result` is, an expression over its names. */
async function run(page: Page, before: string, code: string, result: string): Promise<unknown> {
  await page.route("**/idb.js", (route) =>
    route.fulfill({
      path: createRequire(import.meta.url)
        .resolve("idb")
        .replace(".cjs", ".js"),
    }),
  );
  const failed = new Promise<never>((_, reject) => page.once("pageerror", reject));
  failed.catch(() => {});
  await page.goto("/");
  await page.addScriptTag({ type: "module", content: asModule(`${before}\n${code}\nwindow.result = ${result};`) });
  const done = page
    .waitForFunction(() => "result" in window)
    .then(() => page.evaluate(() => Reflect.get(window, "result")));
  return Promise.race([done, failed]);
}

test("the inbox of docs/transactional.md books what was ordered", async ({ page }) => {
  const booked = `(async () => {
    await orders.send({ sku: "tea", quantity: 2 });
    await orders.whenIdle();
    return db.get("stock", "tea");
  })()`;
  expect(await run(page, "", INBOX, `await ${booked}`)).toBe(-2);
});

const SHOP = `
import { openQueue } from "originmq";
import { openDB } from "idb";
import { createInboxStore, createOutboxStore, inbox, OUTBOX_ID_HEADER } from "originmq/transactional";
const db = await openDB("shop", 1, { upgrade(db) {
  db.createObjectStore("orders", { autoIncrement: true });
  createOutboxStore(db);
  createInboxStore(db);
} });
const order = { sku: "tea", quantity: 2, customer: "Ada" };
`;

test("the outbox of docs/transactional.md sends what was stored with it, and the inbox that follows knows it by its id", async ({
  page,
}) => {
  const received = `(async () => {
    const orders = await openQueue("orders");
    const [delivery] = await orders.receive({ waitMs: 20_000 });
    await box.handle([], () => {})(delivery);
    const ids = await db.getAllKeys("originmq-inbox");
    return { stored: await db.getAll("orders"), body: delivery.body, group: delivery.groupId, isKnown: ids.includes(delivery.headers[OUTBOX_ID_HEADER]) };
  })()`;
  expect(await run(page, SHOP, `${OUTBOX}\n${CHAIN}`, `await ${received}`)).toMatchObject({
    stored: [{ sku: "tea" }],
    body: { sku: "tea", quantity: 2 },
    group: "Ada",
    isKnown: true,
  });
});

const SENT = '(await orders.send({ sku: "tea" })).duplicate';

test("the worker of docs/contexts.md is started from an address of the application's policy", async ({ page }) => {
  expect(await run(page, "", TRUSTED, SENT)).toBe(false);
});

for (const [name, before] of [
  ["a SharedWorker", ""],
  ["the page's own where there is none", "delete globalThis.SharedWorker;\n"],
] as const) {
  test(`the worker of docs/contexts.md is ${name}`, async ({ page }) => {
    expect(await run(page, before, OWN, SENT)).toBe(false);
  });
}

test("the page of docs/guide.md that only sends has sent", async ({ page }) => {
  const received = `await (async () => {
    const { openQueue } = await import("/originmq/index.js");
    const queue = await openQueue("signups");
    return (await queue.receive({ max: 2 })).map(({ body }) => body.mail);
  })()`;
  expect(await run(page, "", ONLY_SENT, received)).toEqual(["ada@example.com", "grace@example.com"]);
});

test("the inspector of docs/inspector.md is in the page, as a button", async ({ page }) => {
  await run(page, "", INSPECTED, "true");
  await page.locator("originmq-inspector").getByRole("button").first().click();
  await expect(page.locator("originmq-inspector")).toHaveAttribute("open", "");
});

test("the inspector of docs/inspector.md that is loaded when it is wanted opens by its keys", async ({ page }) => {
  await run(page, "", WHEN_WANTED, "customElements.get('originmq-inspector') === undefined");
  await page.keyboard.press("Alt+q");
  await expect(page.locator("originmq-inspector")).toHaveAttribute("open", "");
});

const WITH_FORM = `document.body.innerHTML = \`<originmq-outbox lang="pl">
  <form slot="editor"><label>Title <input name="title" required></label></form>
</originmq-outbox>\`;
`;
const SENT_NOTE = `await (async () => {
  await element.outbox.fetch("/nowhere", { method: "POST", body: "{}", metadata: { title: "Tea" } });
  return element.texts?.discard ?? null;
})()`;

test("the outbox of docs/outbox-element.md shows what waits, and says it in the words that it was given", async ({
  page,
}) => {
  await page.route("**/nowhere", (route) => route.abort());
  const without = (code: string) => code.replace(/^import .*$|^const element = .*$/gm, "");
  expect(await run(page, WITH_FORM, `${SHOWN}\n${without(EDITED)}`, SENT_NOTE)).toBe("Löschen");
  await expect(page.locator("originmq-outbox")).toContainText("Tea");
});

test("a form elsewhere and another language, as docs/outbox-element.md has them, are taken", async ({ page }) => {
  const told = "[element.editable, polish.lang]";
  expect(await run(page, WITH_FORM, `${POLISH}\n${ELSEWHERE}`, told)).toEqual([true, "pl"]);
});
