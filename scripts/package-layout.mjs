// What the published package consists of besides what the compiler emits, and how large it may be. Kept in one place
// for the build, the size report and the packaging test.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Scripts that the browser starts as workers: each is bundled into one file that imports nothing. */
export const WORKERS = ["shared-worker", "dedicated-worker"].filter((name) =>
  existsSync(join(ROOT, "src", `${name}.ts`)),
);

/** Where in `dist/` the files are that need no bundler, to be copied as they are. */
export const STANDALONE_FOLDER = "standalone";
/** The entries that are there, besides the workers: all but those whose dependency the application brings. */
export const STANDALONE = [
  "index",
  "service-worker",
  "outbox",
  "encryption",
  "workbox",
  "backup",
  "transactional",
  "bridge",
  "store",
  "outbox-element",
  "inspector",
];

/** Those that share nothing with the others: a page loads it in their place. */
export const STANDALONE_ALONE = ["send"];

/** What joins the stores of `originmq/store` to a framework, each an entry of its own. */
export const BINDINGS = ["react", "vue", "svelte", "solid", "angular"];

/** Minified and gzipped, in bytes: what was reached, and a little room. Over that, `npm test` fails. */
export const SIZE_LIMITS = {
  client: 18_000,
  send: 10_700,
  worker: 78_800,
  standalone: 21_300,
  store: 3_700,
  outboxElement: 12_000,
  binding: 1_000,
};
/** See docs/performance.md. */
export const SIZE_GOALS = { client: 18_000, send: 9_000, worker: 40_000 };
