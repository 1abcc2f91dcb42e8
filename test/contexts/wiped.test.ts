// A site that clears its storage while tabs are connected, in Firefox; in Chromium test/faults/storage.test.ts does.

import { firefox } from "@playwright/test";
import { findFirefox } from "../engines/find-engines.mjs";
import { expect, test } from "../faults/lab.js";

const executablePath = findFirefox();

test("Firefox: when the site clears its storage, every tab that is connected hears that all is lost", async ({
  site,
}) => {
  test.skip(executablePath === undefined, "Firefox is not installed");
  if (executablePath === undefined) return;
  const browser = await firefox.launch({ channel: "moz-firefox", executablePath });
  try {
    const context = await browser.newContext();
    const [one, two] = [await context.newPage(), await context.newPage()] as const;
    for (const [name, page] of Object.entries({ one, two })) {
      await page.goto(`${site.origin}/today/?name=${name}`);
      await page.waitForFunction(() => globalThis.lab !== undefined);
      await page.evaluate(() => lab.open());
    }
    await one.evaluate(async () => {
      await lab.queue.sendBatch(Array.from({ length: 50 }, (_, i) => ({ body: `lost ${i}` })));
      await fetch("/clear");
      await lab.queue.send("kept");
    });
    for (const page of [one, two]) {
      await expect.poll(() => page.evaluate(() => lab.events)).toContainEqual({ type: "datalost", reason: "wiped" });
      expect(await page.evaluate(() => lab.events.filter(({ type }) => type === "datalost"))).toHaveLength(1);
    }
    expect(await one.evaluate(() => lab.queue.stats())).toMatchObject({ ready: 1 });
  } finally {
    await browser.close();
  }
});
