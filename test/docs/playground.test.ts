// The playground runs its samples in the reader's page, against the package as it is published.

import { readFileSync } from "node:fs";
import { expect, type Page, test } from "@playwright/test";
import { ROOT } from "../../scripts/package-layout.mjs";

const text = readFileSync(`${ROOT}docs/playground.md`, "utf8");
const samples = [...text.matchAll(/^## ([^\n]+)\n(?:(?!^## )[\s\S])*?```text\n([\s\S]*?)```/gm)].map(
  ([, name = "", output = ""]) => ({ name, output: output.trimEnd() }),
);

const sampleOf = (page: Page, name: string) => {
  const sample = page.locator(".playground").filter({ has: page.getByLabel(`${name}: the code`) });
  return { sample, code: sample.getByRole("textbox"), output: sample.getByRole("log") };
};

test("there are samples", () => expect(samples.length).toBeGreaterThan(5));

for (const { name, output: expected } of samples) {
  test(`"${name}" prints what stands below it, as often as it is run`, async ({ page }) => {
    await page.goto("/playground.html");
    const { sample, output } = sampleOf(page, name);
    for (let time = 0; time < 2; time++) {
      await sample.getByRole("button", { name: "Run" }).click();
      await expect(output).toHaveText(expected, { useInnerText: true, timeout: 20_000 });
    }
  });
}

test("a sample is edited and run by keyboard alone", async ({ page }) => {
  await page.goto("/playground.html");
  const { code, output, sample } = sampleOf(page, samples[0]?.name ?? "");
  await code.focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(
    'import { openQueue } from "originmq";\nconst typed = await openQueue("typed");\nconsole.log(typed.name);',
  );
  await page.keyboard.press("Control+Enter");
  await expect(output).toHaveText("typed");
  await page.keyboard.press("Tab");
  await expect(sample.getByRole("button", { name: "Run" })).toBeFocused();
});

test("what a sample throws is printed", async ({ page }) => {
  await page.goto("/playground.html");
  const { code, output } = sampleOf(page, samples[0]?.name ?? "");
  await code.fill('import { openQueue } from "originmq";\nawait openQueue("orders", { lease: 1 });');
  await page.keyboard.press("Control+Enter");
  await expect(output).toContainText("QueueError");
  await expect(output).toContainText("lease");
});

test("two tabs share a queue", async ({ page, context }) => {
  const other = await context.newPage();
  const name = samples[0]?.name ?? "";
  await Promise.all([page.goto("/playground.html"), other.goto("/playground.html")]);
  const here = sampleOf(page, name);
  const there = sampleOf(other, name);
  const open = 'import { openQueue } from "originmq";\nconst shared = await openQueue("shared");\n';
  await here.code.fill(`${open}console.log("ready");\nshared.consume(({ body }) => console.log("got", body));`);
  await here.sample.getByRole("button", { name: "Run" }).click();
  await expect(here.output).toHaveText("ready");
  await there.code.fill(`${open}await shared.send("from the other tab");\nconsole.log("sent");`);
  await there.sample.getByRole("button", { name: "Run" }).click();
  await expect(there.output).toHaveText("sent");
  await expect(here.output).toContainText("got from the other tab");
});

test("a sample that is stopped handles nothing more", async ({ page }) => {
  await page.goto("/playground.html");
  const { code, output, sample } = sampleOf(page, samples[0]?.name ?? "");
  await code.fill(
    'import { openQueue } from "originmq";\nconst ticks = await openQueue("ticks");\nticks.consume(() => console.log("handled"));\nconsole.log("ready");',
  );
  await page.keyboard.press("Control+Enter");
  await expect(output).toHaveText("ready");
  await sample.getByRole("button", { name: "Stop" }).click();
  await expect(sample).toHaveAttribute("data-state", "stopped");
  await code.fill(
    'import { openQueue } from "originmq";\nconst ticks = await openQueue("ticks");\nawait ticks.send(1);\nconsole.log((await ticks.stats()).ready);\nawait ticks.purge();',
  );
  await page.keyboard.press("Control+Enter");
  await expect(output).toHaveText("1");
});
