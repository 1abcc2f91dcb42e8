// examples/extension as somebody has it who copied it: what its popup has sent is worked on with the popup closed, once its
// server can be reached.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFresh, npm } from "../../examples/fresh.mjs";
import { browserLaunchOptions } from "../browser-launch.mjs";

let folder: string;
let context: BrowserContext;
let server: Server;
let isDown = true;
let asked = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "examples-"));
  const project = await createFresh("extension", folder);
  await npm(project, ["run", "build"]).ended;
  server = createServer((_request, response) => {
    asked++;
    response.writeHead(isDown ? 503 : 200, { "content-type": "text/plain" }).end("a page");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { executablePath, args } = browserLaunchOptions();
  const extension = join(project, "dist");
  context = await chromium.launchPersistentContext(join(folder, "profile"), {
    ...(executablePath && { executablePath }),
    channel: executablePath ? undefined : "chromium",
    headless: false,
    args: [...args, "--headless=new", `--disable-extensions-except=${extension}`, `--load-extension=${extension}`],
  } as Parameters<typeof chromium.launchPersistentContext>[1]);
}, 240_000);
afterAll(async () => {
  await context?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a page is kept by the offscreen document, after the popup was closed and its server came back", async () => {
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker"));
  const popupUrl = new URL("popup.html", worker.url()).href;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/article`;
  const popup = await context.newPage();
  await popup.goto(popupUrl);
  await popup.getByLabel("Page").fill(url);
  await popup.getByRole("button", { name: "Keep" }).click();
  await popup.getByText("1 to be kept").waitFor();
  await popup.close();
  await expect.poll(() => asked, { timeout: 20_000 }).toBeGreaterThan(0);
  isDown = false;
  const before = asked;
  await expect.poll(() => asked, { timeout: 60_000 }).toBeGreaterThan(before);
  const again = await context.newPage();
  await again.goto(popupUrl);
  await again.getByText("0 to be kept, 0 given up").waitFor();
  expect(await again.locator("li").allInnerTexts()).toEqual([url]);
});
