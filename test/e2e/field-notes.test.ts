// The field notes as their visitors use them, with the server that `npm start` starts.

import { expect, type Page, test } from "@playwright/test";
import { axeFindings } from "../axe.js";

// One server for all of them: they take turns.
test.describe.configure({ mode: "serial" });

const conduct = (page: Page, label: string) => page.getByLabel("From now on it").selectOption({ label });
const write = async (page: Page, text: string, { photo = false } = {}) => {
  await page.getByLabel("What do you see?").fill(text);
  await page.getByLabel("Where?").fill("pond");
  if (photo) {
    await page.getByRole("button", { name: "Take a sample photo" }).click();
    // A canvas is encoded when the browser has time for it.
    await expect.poll(() => page.getByLabel("Photo").inputValue(), { timeout: 20_000 }).toContain("sample.jpg");
  }
  await page.getByRole("button", { name: "Send", exact: true }).click();
};
const waiting = (page: Page) => page.getByRole("list", { name: /^Waiting/ }).getByRole("listitem");
const refused = (page: Page) => page.getByRole("list", { name: /^Not sent/ }).getByRole("listitem");
const arrived = (page: Page, text: string) => page.getByTestId("arrived").getByText(text);

test.beforeEach(async ({ page, request }) => {
  await request.put("/api/conduct", { data: { misbehaviour: "none", retryAfterS: 2 } });
  await request.delete("/api/arrivals");
  await page.goto("/field-notes.html");
  await expect(page.getByTestId("server")).toHaveText("reachable");
});

test("a note with a photo arrives at once, and is seen", async ({ page }) => {
  await write(page, "two herons", { photo: true });
  await expect(page.getByTestId("outcome")).toHaveText("Arrived.");
  await expect(arrived(page, "two herons")).toBeVisible();
  await expect(page.getByRole("img", { name: "Photo with “two herons”" })).toBeVisible();
});

test("notes wait while the server fails, with the reason, and arrive in order once each", async ({ page }) => {
  await conduct(page, "answers 500 to everything");
  await write(page, "first");
  await expect(waiting(page)).toHaveCount(1, { timeout: 10_000 });
  await write(page, "second");
  await expect(waiting(page)).toHaveCount(2, { timeout: 10_000 });
  await expect(waiting(page).first()).toContainText("The server has a problem (500).", { timeout: 20_000 });
  await page.reload();
  await expect(waiting(page)).toContainText(["first (pond)", "second (pond)"], { timeout: 10_000 });
  await conduct(page, "works as it should");
  await expect(page.getByTestId("arrived").getByRole("listitem")).toHaveText([/second/, /first/], { timeout: 30_000 });
  await expect(waiting(page)).toHaveCount(0, { timeout: 10_000 });
  await expect(page.getByRole("list", { name: "Sent", exact: true }).getByRole("listitem").first()).toContainText(
    "second (pond)",
  );
});

test("a note that the server refuses later is shown with its answer, mended and sent again", async ({ page }) => {
  await conduct(page, "answers 500 to everything");
  await write(page, "too rare");
  await expect(waiting(page)).toHaveCount(1, { timeout: 10_000 });
  await conduct(page, "refuses every note: 422");
  await expect(refused(page)).toContainText(/accept what it says \(422\).*refuses notes/, { timeout: 30_000 });
  await conduct(page, "works as it should");
  await page.getByRole("button", { name: "Edit: too rare (pond)" }).click();
  await expect(page.getByLabel("What you saw")).toHaveValue("too rare");
  await page.getByLabel("What you saw").fill("not so rare");
  await page.getByRole("button", { name: "Save and send" }).click();
  await expect(arrived(page, "not so rare")).toBeVisible({ timeout: 20_000 });
  await expect(refused(page)).toHaveCount(0);
});

test("a note whose answer is lost is kept once, and its repeats are recognised", async ({ page }) => {
  await conduct(page, "takes the note, but its answer is lost");
  await write(page, "echo");
  await expect(page.getByTestId("arrived-count")).toContainText(/1 note kept, .* [1-9]\d* repeats? recognised/, {
    timeout: 30_000,
  });
  await conduct(page, "works as it should");
  await expect(waiting(page)).toHaveCount(0, { timeout: 30_000 });
  await expect(page.getByTestId("arrived").getByRole("listitem")).toHaveCount(1);
});

test("right after the first visit the page opens offline, takes notes, and sends them when the network is back", async ({
  page,
  context,
}) => {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await context.setOffline(true);
  await page.reload();
  await expect(page.getByTestId("network")).toHaveText("offline");
  await write(page, "in the valley");
  await expect(page.getByTestId("outcome")).toContainText("Stored here");
  await expect(waiting(page)).toContainText("Waits for the network", { timeout: 10_000 });
  await context.setOffline(false);
  await expect(arrived(page, "in the valley")).toBeVisible({ timeout: 30_000 });
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`it looks right in the ${colorScheme} theme, wide and narrow`, async ({ page }, testInfo) => {
    await page.emulateMedia({ colorScheme });
    await write(page, "two herons, one of them young", { photo: true });
    await expect(page.getByTestId("arrived").getByRole("img")).toBeVisible();
    await conduct(page, "answers 500 to everything");
    await write(page, "a kingfisher", { photo: true });
    await expect(waiting(page)).toHaveCount(1, { timeout: 10_000 });
    await conduct(page, "refuses every note: 422");
    await expect(refused(page)).toHaveCount(1, { timeout: 30_000 });
    await conduct(page, "breaks every connection");
    await write(page, "an otter", { photo: true });
    await write(page, "its tracks");
    await expect(waiting(page)).toHaveCount(2, { timeout: 10_000 });
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: testInfo.outputPath(`notes-${colorScheme}-${width}.png`), fullPage: true });
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow, `at ${width} px`).toBe(0);
    }
    expect(await axeFindings(page)).toEqual([]);
  });
}
