// What stands in the files of a browser's profile after words were planted: in an encrypted database, unlocked and locked, in one that
// held something by the time it was encrypted, and in one that is not, where all of them are found, or looking would say nothing.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "@playwright/test";
import { findFirefox } from "../engines/find-engines.mjs";
import { assertBackend, BACKENDS, launchBrowser } from "../launch-browser.mjs";
import { isInFullRun } from "../runner/in-full-run.mjs";
import { plantedOf, plantedWhileLocked } from "../unit/encryption/planting.js";
import { expect, test } from "./lab.js";
import type { Site } from "./site.js";

type Store = "LevelDB, in Chromium" | "SQLite, in Chromium" | "SQLite, in Firefox";

const BACKEND = { "LevelDB, in Chromium": "leveldb", "SQLite, in Chromium": "sqlite" } as const;

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));

/** Nothing of a file that a running browser has deleted since it was listed. */
function contentsOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

/**
 * As strings are stored that have letters of Latin-1 alone, and as others are; without their ends, which may be alike to what
 * stands before another string: what compresses refers to that.
 */
const writtenAs = (word: string) => [
  Buffer.from(word.slice(4, -4), "latin1"),
  Buffer.from(word.slice(4, -4), "utf16le"),
];

const READABLE = plantedOf("plain");
const HIDDEN = ["encrypted", "turned"].flatMap((set) => [...plantedOf(set), ...plantedWhileLocked(`${set}, locked`)]);
/** What was encrypted later. */
const BEFORE = plantedOf("before");

function foundIn(profile: string, words: readonly string[]): string[] {
  const files = filesOf(profile).map(contentsOf);
  return words.filter((word) => writtenAs(word).some((bytes) => files.some((file) => file.includes(bytes))));
}

interface Profile {
  readonly folder: string;
  /** A browser on it, at the page that plants, for so long. */
  visit(work: (page: Page) => Promise<void>): Promise<void>;
}

/** A profile on the disk, gone afterwards. */
async function withProfile(store: Store, site: Site, use: (profile: Profile) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "originmq-planted-"));
  site.pages.set(
    "/planting",
    '<!doctype html><title>planting</title><script type="module" src="/today/planting.js"></script>',
  );
  const backend = store === "SQLite, in Firefox" ? undefined : BACKEND[store];
  let context: BrowserContext | undefined;
  try {
    await use({
      folder,
      async visit(work) {
        const args = backend ? BACKENDS[backend].args : [];
        ({ context } = await launchBrowser(backend ? "chromium" : "firefox", folder, args));
        const page = await context.newPage();
        await page.goto(`${site.otherOrigin}/planting`);
        await page.waitForFunction(() => globalThis.plantWords !== undefined);
        await work(page);
        await context.close();
        if (backend) assertBackend(folder, backend);
      },
    });
  } finally {
    await context?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

const stores: readonly Store[] = isInFullRun
  ? ["LevelDB, in Chromium"]
  : ["LevelDB, in Chromium", "SQLite, in Chromium", ...(findFirefox() ? (["SQLite, in Firefox"] as const) : [])];

for (const store of stores) {
  test(`no word that a user writes is on the disk, where all of it is that is not encrypted: ${store}`, async ({
    site,
  }) => {
    await withProfile(store, site, async ({ folder, visit }) => {
      const found = new Set<string>();
      const look = () => {
        for (const word of foundIn(folder, [...READABLE, ...HIDDEN])) found.add(word);
      };
      await visit(async (page) => {
        for (const set of ["plain", "encrypted", "turned"] as const) await page.evaluate((one) => plantWords(one), set);
        // What is handled soon is in no file any more once the browser has tidied up at its end.
        look();
      });
      look();
      expect(READABLE.filter((word) => !found.has(word))).toEqual([]);
      expect(HIDDEN.filter((word) => found.has(word))).toEqual([]);
    });
  });

  // Longer than all the rest: when the part is named.
  if (isInFullRun) continue;
  test(`what a queue held before it was encrypted is on the disk until the browser has written some more: ${store}`, async ({
    site,
  }) => {
    test.setTimeout(120_000);
    await withProfile(store, site, async ({ folder, visit }) => {
      await visit(async (page) => {
        await page.evaluate(() => plantWords("turned"));
        expect(foundIn(folder, BEFORE)).toEqual(BEFORE);
      });
      for (let round = 0; round < 2; round++) await visit((page) => page.evaluate(() => writeOver(4)));
      expect(foundIn(folder, BEFORE)).toEqual([]);
    });
  });
}
