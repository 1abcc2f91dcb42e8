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

/** As a module of a page that has the package's files in /originmq. */
const asModule = (code: string): string =>
  ts
    .transpileModule(code, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } })
    .outputText.replaceAll(/from "originmq(?:\/([\w-]+))?"/g, (_, entry = "index") => `from "/originmq/${entry}.js"`)
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

const IMPORTED = 'import { openQueue } from "originmq";\n';
const SENT = '(await orders.send({ sku: "tea" })).duplicate';

test("the worker of docs/contexts.md is started from an address of the application's policy", async ({ page }) => {
  expect(await run(page, IMPORTED, TRUSTED, SENT)).toBe(false);
});

for (const [name, before] of [
  ["a SharedWorker", IMPORTED],
  ["the page's own where there is none", `${IMPORTED}delete globalThis.SharedWorker;\n`],
] as const) {
  test(`the worker of docs/contexts.md is ${name}`, async ({ page }) => {
    expect(await run(page, before, OWN, SENT)).toBe(false);
  });
}
