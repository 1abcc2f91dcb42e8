// The browser in which packaged applications are visited, and a server for what a bundler has written.

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { text } from "node:stream/consumers";
import { type Browser, chromium, type Page } from "playwright";
import { afterAll, beforeAll } from "vitest";
import { serve as serveQueues } from "../../src/server.js";
import { browserLaunchOptions } from "../browser-launch.mjs";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".webmanifest": "application/manifest+json",
};

export interface Site {
  /** Ends with a slash. */
  readonly address: string;
  /** The bodies of what was posted, in the order in which they came. */
  readonly posted: readonly string[];
  /** Answers nothing until `open`. */
  close(): Promise<void>;
  open(): Promise<void>;
}

/** Serves the files of a folder, and accepts what is posted. */
export async function serve(folder: string): Promise<Site> {
  const posted: string[] = [];
  const server: Server = createServer(async (request, response) => {
    if (request.method === "POST") {
      posted.push(await text(request));
      return response.end();
    }
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    try {
      const contents = readFileSync(join(folder, pathname.endsWith("/") ? `${pathname}index.html` : pathname));
      response.setHeader("content-type", TYPES[extname(pathname) || ".html"] ?? "application/octet-stream");
      response.end(contents);
    } catch {
      response.statusCode = 404;
      response.end("not found");
    }
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    posted,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    open: () => listen(port),
  };
}

/** Runs with the address of a database on a server that takes pages from where this page is. */
export async function withServer(page: string, use: (url: string) => Promise<void>): Promise<void> {
  const server = await serveQueues({ memory: true, port: 0, allowOrigins: [new URL(page).origin] });
  try {
    await use(`${server.url}/mq/packaging`);
  } finally {
    await server.close();
  }
}

/** A browser for the tests of a file. */
export function useBrowser() {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch(browserLaunchOptions());
  });
  afterAll(() => browser?.close());

  /** Runs with a page of a context of its own, and tells what the console of any page of that complained of meanwhile. */
  async function withPage(use: (page: Page, complaints: string[]) => Promise<void>): Promise<string[]> {
    const context = await browser.newContext();
    const complaints: string[] = [];
    try {
      context.on("weberror", (error) => complaints.push(String(error.error())));
      context.on("console", (message) => {
        // What a browser asks for by itself is nobody's fault.
        if (message.location().url.endsWith("/favicon.ico")) return;
        if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
      });
      await use(await context.newPage(), complaints);
    } finally {
      await context.close();
    }
    return complaints;
  }

  return {
    withPage,
    /** How many SharedWorkers the pages of a page's context have started. */
    async sharedWorkersOf(page: Page): Promise<number> {
      const [ofPage, ofBrowser] = await Promise.all([
        page.context().newCDPSession(page),
        browser.newBrowserCDPSession(),
      ]);
      const [{ targetInfo }, { targetInfos }] = await Promise.all([
        ofPage.send("Target.getTargetInfo"),
        ofBrowser.send("Target.getTargets"),
      ]);
      const isOurs = ({ type, browserContextId }: typeof targetInfo) =>
        type === "shared_worker" && browserContextId === targetInfo.browserContextId;
      return targetInfos.filter(isOurs).length;
    },
    /** Opens the page, waits for its message to arrive, and tells what the console complained of. */
    visit: (address: string) =>
      withPage(async (page, complaints) => {
        await page.goto(address);
        await page
          .waitForFunction(() => document.title === "arrived", undefined, { timeout: 15_000 })
          .catch((error: Error) => {
            complaints.push(error.message);
          });
      }),
  };
}
