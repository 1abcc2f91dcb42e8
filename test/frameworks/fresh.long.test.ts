// A fresh application of each framework: the commands, the modules and the component of docs/frameworks.md, with the packed
// tarball in place of the package, in development and built. Needs a network.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packInto } from "../../scripts/pack.mjs";
import { browserLaunchOptions } from "../browser-launch.mjs";
import { serveBy } from "../serving.js";
import {
  ANGULAR_STORE,
  ANGULAR_WORKER,
  commandsOf,
  componentOf,
  FRAMEWORKS,
  type Framework,
  STORE,
} from "./samples.js";
import { consumesWhatItSends, hasOneConsumer, visit } from "./visit.js";

const MINUTE_MS = 60_000;
let browser: Browser;
let folder: string;
let tarball: string;
beforeAll(async () => {
  browser = await chromium.launch(browserLaunchOptions());
  folder = mkdtempSync(join(tmpdir(), "fresh-"));
  ({ tarball } = await packInto(join(folder, "package")));
}, MINUTE_MS);
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

/** What the page tells to type in, in a folder of its own. */
function create(framework: Framework): string {
  const shell = join(folder, framework);
  execFileSync("mkdir", ["-p", shell]);
  const commands = commandsOf(framework)
    .replace("npm install originmq", `npm install ${tarball}`)
    .replace("@angular/cli@21", ANGULAR_CLI);
  expect(commands).toContain(tarball);
  const env = { ...process.env, NG_CLI_ANALYTICS: "false" };
  execFileSync("sh", ["-ec", commands], { cwd: shell, env, stdio: ["ignore", "ignore", "inherit"] });
  const app = join(shell, "shop");
  if (framework === "angular") {
    writeFileSync(join(app, "src/app/orders.ts"), `${ANGULAR_STORE}${TELLS_STATS}`);
    writeFileSync(join(app, "src/app/queue.worker.ts"), ANGULAR_WORKER);
    writeFileSync(join(app, "src/app/app.ts"), componentOf(framework));
  } else {
    writeFileSync(join(app, "src/orders.ts"), STORE);
    writeFileSync(join(app, "src", FRAMEWORKS[framework].file), componentOf(framework));
  }
  return app;
}

/** Runs with the address at which a server of the application is, which is started at PORT. */
async function withServer(app: string, command: string, use: (address: string) => Promise<void>): Promise<void> {
  const { address, end } = await serveBy(`npx ${command}`, { folder: app, env: { NG_CLI_ANALYTICS: "false" } });
  try {
    await use(address);
  } finally {
    await end();
  }
}

describe.each(Object.keys(FRAMEWORKS) as Framework[])("a fresh application of %s", (framework) => {
  let app: string;
  beforeAll(() => {
    app = create(framework);
  }, 5 * MINUTE_MS);

  const works = (address: string) => visit(browser, { address }, consumesWhatItSends);

  test("works in development", () =>
    withServer(app, framework === "angular" ? "ng serve --port PORT" : "vite --port PORT", works));

  // Of the others: see frameworks.test.ts. Angular reloads by its own build alone.
  test.runIf(framework === "angular")("has one consumer after an edit, too", () =>
    withServer(app, "ng serve --port 0", (address) =>
      visit(browser, { address }, async (page) => {
        await consumesWhatItSends(page);
        const component = join(app, "src/app/app.ts");
        writeFileSync(component, componentOf(framework).replace("Order tea", "Order more tea"));
        try {
          await page.getByRole("button", { name: "Order more tea" }).waitFor();
          await hasOneConsumer(page);
          await consumesWhatItSends(page, "Order more tea");
        } finally {
          writeFileSync(component, componentOf(framework));
        }
      }),
    ),
  );

  test("works when it is built", async () => {
    execFileSync("npm", ["run", "build"], { cwd: app, stdio: ["ignore", "ignore", "inherit"] });
    await withServer(
      app,
      framework === "angular" ? "vite preview --port PORT --outDir dist/shop/browser" : "vite preview --port PORT",
      works,
    );
  });
});
