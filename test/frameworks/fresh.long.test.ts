// What somebody has who has read the first screen of the README and goes where it leads: a fresh application of each framework by
// the commands, the modules and the component of docs/frameworks.md, and one without a framework by the README alone. With the
// packed tarball in place of the package, in development and built. Needs a network; writes into docs/frameworks.md how long it took.

import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packInto } from "../../scripts/pack.mjs";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { serveBy } from "../serving.js";
import { COMMANDS_S, writeRow } from "./minutes.js";
import { commandsOf, componentOf, FIRST_SCREEN, FRAMEWORKS, type Framework, filesOf } from "./samples.js";
import { consumesWhatItSends, hasOneConsumer, visit } from "./visit.js";

const MINUTE_MS = 60_000;
let browser: Browser;
let folder: string;
let tarball: string;
beforeAll(async () => {
  browser = await chromium.launch(browserLaunchOptions());
  folder = mkdtempSync(join(tmpdir(), "fresh-"));
  ({ tarball } = await packInto(join(folder, "package")));
}, 3 * MINUTE_MS);
afterAll(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Of Angular's command line the one that the bindings were developed with: newer ones may need what a registry has not yet. */
const ANGULAR_CLI = "@angular/cli@21.2.27";

/** For the test alone. */
const TELLS_STATS = `
Object.assign(globalThis, { statsOf: () => orders.withQueue((queue) => queue.stats()) });
`;

/** Types the commands in a folder of its own, with the packed tarball in place of the package. */
function type(name: string, commands: string): string {
  const shell = join(folder, name);
  mkdirSync(shell);
  const typed = commands
    .replace("npm install originmq", `npm install ${tarball}`)
    .replace("@angular/cli@21", ANGULAR_CLI);
  expect(typed).toContain(tarball);
  const env = { ...process.env, NG_CLI_ANALYTICS: "false" };
  execFileSync("sh", ["-ec", typed], { cwd: shell, env, stdio: ["ignore", "ignore", "inherit"] });
  return join(shell, "shop");
}

function paste(app: string, files: Readonly<Record<string, string>>): void {
  for (const [path, code] of Object.entries(files)) writeFileSync(join(app, path), code);
}

const versionOf = (app: string, name: string): string =>
  JSON.parse(readFileSync(join(app, "node_modules", name, "package.json"), "utf8")).version;

/** The package whose version is the framework's. */
const packageOf = (framework: Framework) =>
  ({ react: "react", vue: "vue", svelte: "svelte", solid: "solid-js", angular: "@angular/core" })[framework];

/** Runs with the address at which the application is served, by a command that is told the PORT. */
async function withServer(app: string, command: string, use: (address: string) => Promise<void>): Promise<void> {
  const { address, end } = await serveBy(command, { folder: app, env: { NG_CLI_ANALYTICS: "false" } });
  try {
    await use(address);
  } finally {
    await end();
  }
}

const secondsSince = (startedAt: number) => (performance.now() - startedAt) / 1000;

describe.each(Object.keys(FRAMEWORKS) as Framework[])("a fresh application of %s", (framework) => {
  let app: string;
  let createdS: number;
  beforeAll(() => {
    const startedAt = performance.now();
    app = type(framework, commandsOf(framework));
    createdS = secondsSince(startedAt);
    paste(app, filesOf(framework));
  }, 5 * MINUTE_MS);

  const started = framework === "angular" ? "npm start -- --port PORT" : "npm run dev -- --port PORT";
  const works = (address: string) => visit(browser, { address }, consumesWhatItSends);

  test("works in development, within the minutes that the page promises", async () => {
    const startedAt = performance.now();
    await withServer(app, started, async (address) => {
      await works(address);
      const handledS = secondsSince(startedAt);
      writeRow(framework, { version: versionOf(app, packageOf(framework)), createdS, handledS });
      expect(createdS + handledS).toBeLessThan(COMMANDS_S);
    });
  });

  // Of the others: see frameworks.test.ts. Angular reloads by its own build alone.
  test.runIf(framework === "angular")("has one consumer after an edit, too", async () => {
    appendFileSync(join(app, "src/app/orders.ts"), TELLS_STATS);
    try {
      await withServer(app, started, (address) =>
        visit(browser, { address }, async (page) => {
          await consumesWhatItSends(page);
          const component = join(app, "src/app/app.ts");
          writeFileSync(component, componentOf(framework).replace("Order tea", "Order more tea"));
          await page.getByRole("button", { name: "Order more tea" }).waitFor();
          await hasOneConsumer(page);
          await consumesWhatItSends(page, "Order more tea");
        }),
      );
    } finally {
      paste(app, filesOf(framework));
    }
  });

  test("works when it is built", async () => {
    execFileSync("npm", ["run", "build"], { cwd: app, stdio: ["ignore", "ignore", "inherit"] });
    const preview = framework === "angular" ? "npx vite preview --outDir dist/shop/browser" : "npm run preview --";
    await withServer(app, `${preview} --port PORT`, works);
  });
});

test("the first screen of the README works in an application without a framework", {
  timeout: 5 * MINUTE_MS,
}, async () => {
  const { commands, file, code } = FIRST_SCREEN;
  const app = type("none", commands);
  paste(app, { [file]: code });
  await withServer(app, "npm run dev -- --port PORT", (address) =>
    visit(browser, { address }, async (page) => {
      // The page may have said it before anybody listened.
      const said = page.waitForEvent("console", (message) => message.text() === "shipped tea");
      await page.reload();
      await said;
    }),
  );
  execFileSync("npm", ["run", "build"], { cwd: app, stdio: ["ignore", "ignore", "inherit"] });
});
