// What an application ships, as a table for docs/cost.md and as one line for the README. For `npm run size -- --write`, and
// for the tests that hold both against the build.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { measure, measureWorker } from "./bundles.mjs";
import { readTable, writeTable } from "./made-tables.mjs";
import { ROOT } from "./package-layout.mjs";

const COST = join(ROOT, "docs/cost.md");
const README = join(ROOT, "README.md");
const HEAD = "| an application imports | minified | gzipped | |\n|---|--:|--:|---|";

/**
 * What is imported, what is in it, and what the page has already, where that does not count.
 * @type {readonly (readonly [name: string, path: string, about: string, over?: string])[]}
 */
const BUNDLES = [
  ["`originmq`", "index.ts", "the client: what a page loads at once"],
  ["`originmq/send`", "send.ts", "in its place in a page that only sends: what it loads at once"],
  ["the worker", "shared-worker.ts", "beside the page, once for all tabs"],
  ["`originmq/service-worker`", "service-worker.ts", "client and host in one script"],
  ["`originmq/outbox`", "outbox.ts", "client, host and outbox in one"],
  ["`originmq/encryption`", "encryption.ts", "beside either of the two", "service-worker.ts"],
  ["`originmq/workbox`", "workbox.ts", "the same, with Workbox's surface"],
  ["`originmq/transactional`", "transactional.ts", "with the client"],
  ["`originmq/backup`", "backup.ts", "beside the client"],
  ["`originmq/bridge`", "bridge.ts", "beside the client"],
  ["`originmq/outbox-element`", "outbox-element.ts", "beside the outbox, with all its languages", "outbox.ts"],
  ["`originmq/inspector`", "inspector.ts", "with the client; a page without it loads nothing of it"],
];

const kB = (/** @type {number} */ bytes) => `${(bytes / 1000).toFixed(1)} kB`;

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {number} minified in bytes
 * @property {number} gzipped in bytes
 * @property {string} about
 */

/** @returns {Promise<Row[]>} */
export async function measureAll() {
  const rows = [];
  for (const [name, path, about, over] of BUNDLES) {
    const size = path === "shared-worker.ts" ? measureWorker("shared-worker") : measure(path, { over });
    rows.push({ name, about, ...(await size) });
  }
  return rows;
}

/** What the documentation says now: gzipped bytes, by the name of the bundle. */
export const writtenSizes = () =>
  new Map(readTable(COST, "sizes").map(([name = "", , size = ""]) => [name, Number.parseFloat(size) * 1000]));

/** What the README says now: gzipped bytes of the client and the worker. */
export function readmeSizes() {
  const [, client, worker] = /\*\*(\d+) kB\*\* gzipped[^*]*\*\*(\d+) kB\*\*/.exec(readFileSync(README, "utf8")) ?? [];
  return { client: Number(client) * 1000, worker: Number(worker) * 1000 };
}

/** Writes what is measured now. */
export async function writeSizes() {
  const rows = await measureAll();
  const cells = rows.map(({ name, minified, gzipped, about }) => [name, kB(minified), kB(gzipped), about]);
  writeTable(COST, "sizes", HEAD, cells);
  const [client, , worker] = rows.map(({ gzipped }) => Math.round(gzipped / 1000));
  const line = readFileSync(README, "utf8").replace(
    /(\*\*)\d+( kB\*\* gzipped[^*]*\*\*)\d+( kB\*\*)/,
    `$1${client}$2${worker}$3`,
  );
  writeFileSync(README, line);
}
