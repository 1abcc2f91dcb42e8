// The component of docs/frameworks.md in each framework, rendered on a server and taken up by a real browser, while a queue
// changes 10,000 times a second. In development, which is where frameworks warn; built: see built.long.test.ts.

import { readFileSync, writeFileSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { type Application, inDevelopment } from "./applications.js";
import { FRAMEWORKS, type Framework } from "./samples.js";
import {
  hasOneConsumer,
  keepsRequests,
  leavesNothing,
  listsMore,
  rendersEmpty,
  sendsAndConsumes,
  showsFrames,
  visit,
} from "./visit.js";

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch(browserLaunchOptions());
});
afterAll(() => browser?.close());

/** Without a build of Angular's own there is no hot reloading. */
const isReloaded = (framework: Framework) => framework === "angular";

/** A component that is edited, and then the module that makes its store, which is another store from then on. */
async function staysWithEdits(page: Page, { files }: Application): Promise<void> {
  const edit = (file: string, from: string, to: string) =>
    writeFileSync(file, readFileSync(file, "utf8").replace(from, to));
  edit(files.component, "Order tea", "Order more tea");
  await page.getByRole("button", { name: "Order more tea" }).waitFor();
  await hasOneConsumer(page);
  const edited = page.waitForEvent("console", (said) => said.text().includes("edited and shipped"));
  edit(files.store, '"shipped"', '"edited and shipped"');
  // What is sent meanwhile may be the old store's to handle.
  await expect
    .poll(
      () =>
        page
          .getByRole("button", { name: "Order more tea" })
          .click()
          .then(() => isOver(edited)),
      { timeout: 30_000, interval: 500 },
    )
    .toBe(true);
  await hasOneConsumer(page);
}

const isOver = (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setTimeout(resolve, 0, false))]);

test.each(Object.keys(FRAMEWORKS) as Framework[])(
  "%s: rendered empty on a server, taken up without a warning, one consumer also after an edit, an outbox in sight, a rendering a frame at most, nothing left behind",
  async (framework) => {
    const application = await inDevelopment(framework);
    try {
      await rendersEmpty(application);
      await visit(browser, application, async (page) => {
        await sendsAndConsumes(page);
        if (!isReloaded(framework)) await staysWithEdits(page, application);
        await keepsRequests(page, application);
        await showsFrames(page);
        await listsMore(page);
        await leavesNothing(page, application);
      });
    } finally {
      await application.close();
    }
  },
);
