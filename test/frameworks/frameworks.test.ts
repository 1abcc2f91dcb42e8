// The component of docs/frameworks.md in each framework, rendered on a server and taken up by a real browser, while a queue
// changes 10,000 times a second. In development, which is where frameworks warn; built: see built.long.test.ts.

import { readFileSync, writeFileSync } from "node:fs";
import { type Browser, chromium } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { inDevelopment } from "./applications.js";
import { FRAMEWORKS, type Framework } from "./samples.js";
import { leavesNothing, rendersEmpty, sendsAndConsumes, showsFrames, visit } from "./visit.js";

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch(browserLaunchOptions());
});
afterAll(() => browser?.close());

/** Without a build of Angular's own there is no hot reloading. */
const isReloaded = (framework: Framework) => framework === "angular";

test.each(Object.keys(FRAMEWORKS) as Framework[])(
  "%s: rendered empty on a server, taken up without a warning, one consumer also after an edit, a rendering a frame at most, nothing left behind",
  async (framework) => {
    const application = await inDevelopment(framework);
    try {
      await rendersEmpty(application);
      await visit(browser, application, async (page) => {
        await sendsAndConsumes(page);
        if (!isReloaded(framework)) {
          const source = readFileSync(application.component, "utf8");
          writeFileSync(application.component, source.replace("Order tea", "Order another tea"));
          await page.getByRole("button", { name: "Order another tea" }).waitFor();
          expect(await page.evaluate(() => window.statsOf("orders"))).toMatchObject({ load: { handlers: 1 } });
        }
        await showsFrames(page);
        await leavesNothing(page);
      });
    } finally {
      await application.close();
    }
  },
);
