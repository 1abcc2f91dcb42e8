// Two tabs of a packaged application: one handles what the other sends.

import type { Page } from "playwright";
import type { useBrowser } from "../browser.js";

declare global {
  interface Window {
    /** See test/packaging/projects/page/tab.js. */
    readonly tab?: {
      readonly host?: { readonly kind: string; readonly epoch: number };
      send(body: unknown): Promise<unknown>;
      handle(): Promise<unknown>;
    };
    /** Why its queue could not be opened. */
    readonly failed?: string;
  }
}

export interface Seen {
  /** What a tab says that could not open its queue; then nothing else is known. */
  readonly failed?: string;
  /** The kinds of hosts that the tabs have, each once. */
  readonly hosts: readonly string[];
  /** How many SharedWorkers there are for both. */
  readonly workers: number;
  /** Whether what one tab has sent came to the other. */
  readonly isHandled: boolean;
  /** What the console said of both. */
  readonly complaints: readonly string[];
}

/** A development server may build first what a page asks for. */
const READY_MS = 60_000;
const HANDLED_MS = 20_000;
const BODY = { sku: "tea", at: new Date(7) };

/** Opens the address in two tabs. Rejects when the page says nothing at all. */
export async function driveTwoTabs(browser: ReturnType<typeof useBrowser>, address: string): Promise<Seen> {
  let seen: Omit<Seen, "complaints"> | undefined;
  const complaints = await browser.withPage(async (handling, complaints) => {
    try {
      const failed = await opened(handling, address);
      if (failed !== undefined) {
        seen = { failed, hosts: [], workers: 0, isHandled: false };
        return;
      }
      const sending = await handling.context().newPage();
      await opened(sending, address);
      seen = await drive(browser, handling, sending);
    } catch (cause) {
      throw new Error([(cause as Error).message, ...complaints].join("\n"), { cause });
    }
  });
  if (!seen) throw new Error("the tabs were not driven");
  return { ...seen, complaints };
}

/** Resolves once the page has its queue, or with why it has none. */
async function opened(page: Page, address: string): Promise<string | undefined> {
  await page.goto(address, { timeout: READY_MS });
  await page.waitForFunction(() => window.tab ?? window.failed, undefined, { timeout: READY_MS });
  return page.evaluate(() => window.failed);
}

async function drive(browser: ReturnType<typeof useBrowser>, handling: Page, sending: Page) {
  const hosts = await Promise.all(
    [handling, sending].map((page) => page.evaluate(() => window.tab?.host?.kind ?? "none")),
  );
  const handled = handling.evaluate(() => window.tab?.handle());
  const [body] = await Promise.all([
    Promise.race([handled, sending.waitForTimeout(HANDLED_MS)]),
    sending.evaluate((sent) => window.tab?.send(sent), BODY),
  ]);
  return {
    hosts: [...new Set(hosts)],
    workers: await browser.sharedWorkersOf(sending),
    isHandled: JSON.stringify(body) === JSON.stringify(BODY),
  };
}
