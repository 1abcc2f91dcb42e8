// What stands in the files of a browser's profile after words were planted in an encrypted database, and in one that is not: there
// all of them are found, or looking for them would say nothing.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFirefox } from "../engines/find-engines.mjs";
import { assertBackend, BACKENDS, launchBrowser } from "../launch-browser.mjs";
import { isInFullRun } from "../runner/in-full-run.mjs";
import { plantedOf } from "../unit/encryption/planting.js";
import { expect, test } from "./lab.js";

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

const SETS = ["plain", "encrypted"] as const;
const [PLAIN, ENCRYPTED] = SETS.map(plantedOf) as [string[], string[]];

function foundIn(profile: string): string[] {
  const files = filesOf(profile).map(contentsOf);
  return [...PLAIN, ...ENCRYPTED].filter((word) =>
    writtenAs(word).some((bytes) => files.some((file) => file.includes(bytes))),
  );
}

/** The words that are found in the profile of a browser, while it runs or once it has ended. */
async function plantIn(store: Store, address: string): Promise<ReadonlySet<string>> {
  const profile = mkdtempSync(join(tmpdir(), "originmq-planted-"));
  try {
    const backend = store === "SQLite, in Firefox" ? undefined : BACKEND[store];
    const { context } = await launchBrowser(
      backend ? "chromium" : "firefox",
      profile,
      backend ? BACKENDS[backend].args : [],
    );
    const page = await context.newPage();
    await page.goto(address);
    await page.waitForFunction(() => globalThis.plantWords !== undefined);
    for (const set of SETS) await page.evaluate((one) => plantWords(one), set);
    // What is handled soon is in no file any more once the browser has tidied up at its end.
    const found = foundIn(profile);
    await context.close();
    if (backend) assertBackend(profile, backend);
    return new Set([...found, ...foundIn(profile)]);
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  }
}

const stores: readonly Store[] = isInFullRun
  ? ["LevelDB, in Chromium"]
  : ["LevelDB, in Chromium", "SQLite, in Chromium", ...(findFirefox() ? (["SQLite, in Firefox"] as const) : [])];

for (const store of stores) {
  test(`no word that a user writes is on the disk, where all of it is that is not encrypted: ${store}`, async ({
    site,
  }) => {
    site.pages.set(
      "/planting",
      '<!doctype html><title>planting</title><script type="module" src="/today/planting.js"></script>',
    );
    const found = await plantIn(store, `${site.otherOrigin}/planting`);
    expect(PLAIN.filter((word) => !found.has(word))).toEqual([]);
    expect(ENCRYPTED.filter((word) => found.has(word))).toEqual([]);
  });
}
