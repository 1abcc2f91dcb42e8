// The same applications, built for production.

import { type Browser, chromium } from "playwright";
import { afterAll, beforeAll, test } from "vitest";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { built } from "./applications.js";
import { FRAMEWORKS, type Framework } from "./samples.js";
import {
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

test.each(Object.keys(FRAMEWORKS) as Framework[])(
  "%s, built: rendered empty on a server, taken up without a warning, an outbox in sight, a rendering a frame at most, nothing left behind",
  async (framework) => {
    const application = await built(framework);
    try {
      await rendersEmpty(application);
      await visit(browser, application, async (page) => {
        await sendsAndConsumes(page);
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
