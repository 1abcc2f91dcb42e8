// The demo as its visitors use it: by role and label. Every page is watched, and a test ends red when one of them wrote
// to the console, threw, or missed a file.

import { readFile } from "node:fs/promises";
import { type BrowserContext, test as base, expect, type Locator, type Page } from "@playwright/test";

export type RoleName = "Watch" | "Produce" | "Consume" | "Both";
export type TileName = "ready" | "delayed" | "leased" | "done" | "dead";

/** One line of what a tab says that it handled. */
export interface Handled {
  readonly id: string;
  readonly attempt: number;
  readonly outcome: "handled" | "failed";
  readonly priority: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface Tab {
  readonly page: Page;
  readonly name: string;
  as(role: RoleName): Promise<void>;
  /** Moves a slider, named by its label, to a position. */
  slide(label: string, position: number): Promise<void>;
  tile(name: TileName): Locator;
  press(button: string | RegExp): Promise<void>;
  /** Waits until the queue shows these counts. */
  shows(counts: Partial<Record<TileName, number>>, timeoutMs?: number): Promise<void>;
  handledHere(): Promise<number>;
  /** What this tab handled, in order, as it downloads it. */
  log(): Promise<Handled[]>;
  drop(name: string, text: string | Buffer): Promise<void>;
}

/** The inspector of a page. */
export const inspectorOf = (page: Page): Locator => page.getByRole("region", { name: "OriginMQ inspector" });

/** What the inspector offers to take back is done at once. */
export const doNow = (page: Page): Promise<void> =>
  inspectorOf(page).getByRole("button", { name: "Do it now" }).click();

const formatted = (n: number) => n.toLocaleString("en");

/** Resolves when the page has its queue open. */
export async function openTab(context: BrowserContext, address = "/"): Promise<Tab> {
  const page = await context.newPage();
  await page.goto(address);
  return tabOf(page);
}

export async function tabOf(page: Page): Promise<Tab> {
  await expect(page.getByTestId("queue-state")).toHaveText(/waiting or in work/);
  const name = (await page.getByTestId("tab-name").textContent()) ?? "";
  const tile = (tileName: TileName) => page.getByTestId(`tile-${tileName}`);
  return {
    page,
    name,
    as: (role) => page.getByRole("radio", { name: role }).check(),
    slide: async (label, position) => {
      const slider = page.getByRole("slider", { name: label });
      await slider.fill(String(position));
      await slider.dispatchEvent("change");
    },
    tile,
    press: (button) => page.getByRole("button", { name: button }).click(),
    async shows(counts, timeoutMs = 30_000) {
      for (const [tileName, n] of Object.entries(counts)) {
        await expect(tile(tileName as TileName), tileName).toHaveText(formatted(n), { timeout: timeoutMs });
      }
    },
    handledHere: async () => Number((await page.getByTestId("handled-here").textContent())?.replaceAll(",", "")),
    async log() {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Download what this tab handled" }).click(),
      ]);
      const lines = (await readFile(await download.path(), "utf8")).split("\n").filter(Boolean);
      return lines.map((line) => JSON.parse(line) as Handled);
    },
    drop: (fileName, text) =>
      page
        .getByLabel("Choose a file")
        .setInputFiles({ name: fileName, mimeType: "text/plain", buffer: Buffer.from(text) }),
  };
}

/** What the pages of a context complain about. */
export function watch(context: BrowserContext): string[] {
  const complaints: string[] = [];
  context.on("page", (page) => {
    page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => complaints.push(`uncaught: ${error.stack ?? error.message}`));
    page.on("response", (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`);
    });
  });
  return complaints;
}

export const test = base.extend<{ complaints: string[] }>({
  complaints: [
    async ({ context }, use) => {
      const complaints = watch(context);
      await use(complaints);
      expect(complaints, "the pages must have nothing to complain about").toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Everything the tabs handled without failing. */
export const handledBy = (...logs: readonly Handled[][]): Handled[] =>
  logs.flat().filter(({ outcome }) => outcome === "handled");

/** The numbers from 1 to n. */
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** Which lines of a file these messages were, sorted. */
export const linesOf = (handled: readonly Handled[]): number[] =>
  handled.map(({ headers }) => Number(headers.line)).sort((a, b) => a - b);
