// The origin under test: pages with an outbox, a service worker, and the server of the field notes, on one port.

import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { createNotesServer } from "../../demo/server/notes-server.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const MODULES = {
  page: "test/outbox/page/page.ts",
  inbox: "test/outbox/page/inbox.ts",
  "service-worker": "test/outbox/page/service-worker.ts",
  "workbox-worker": "test/outbox/page/workbox-worker.ts",
  "workbox-original-worker": "test/outbox/page/workbox-original-worker.ts",
  "shared-worker": "src/shared-worker.ts",
  "dedicated-worker": "src/dedicated-worker.ts",
};

export interface Site {
  readonly origin: string;
  readonly notes: ReturnType<typeof createNotesServer>;
  /** Takes requests before anybody else: true for those that it answers itself. */
  take: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Breaks every connection and answers none until `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Every write is led to a login page, which answers 200, until what is returned is called. */
export function leadToLogin(site: Site): () => void {
  let isLoggedIn = false;
  site.take = ({ url = "" }, response) => {
    // Also for whoever was led there a moment before.
    const isLogin = url === "/api/login";
    if (!isLogin && (isLoggedIn || !url.startsWith("/api/"))) return false;
    if (isLogin) response.end("<h1>Log in</h1>");
    else response.writeHead(302, { location: "/api/login" }).end();
    return true;
  };
  return () => {
    isLoggedIn = true;
  };
}

/** Of all sites of a process. */
let bundled: Promise<ReadonlyMap<string, string>> | undefined;

async function bundle(): Promise<ReadonlyMap<string, string>> {
  const clock = await readFile(new URL("page/clock.js", import.meta.url), "utf8");
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: Object.entries(MODULES).map(([out, path]) => ({ in: path, out })),
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    outdir: "/",
    define: { "process.env.NODE_ENV": '"production"' },
    banner: { js: clock },
  });
  return new Map(outputFiles.map(({ path, text }) => [path, text]));
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>outbox</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>`;

const INBOX = `<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>Inbox</title><link rel="icon" href="data:,"><script type="module" src="/inbox.js"></script>
<style>body { margin: 12px; background: Canvas; font: 16px system-ui; } label { display: grid; gap: 4px; margin-bottom: 8px; }</style>
<main>
  <h1>Notes</h1>
  <h2>On their way</h2>
  <originmq-outbox>
    <form slot="editor">
      <label>What do you see?<input name="text" required></label>
      <label>Where?<input name="place"></label>
    </form>
  </originmq-outbox>
  <button>After it</button>
</main>`;

const PAGES: Readonly<Record<string, string>> = { "/": PAGE, "/inbox": INBOX };

export async function openSite(): Promise<Site> {
  bundled ??= bundle();
  const scripts = await bundled;
  const notes = createNotesServer();
  let server: Server;
  const listen = (port: number) =>
    new Promise<void>((resolve) => {
      server = createServer((request, response) => {
        if (site.take(request, response) || notes.handle(request, response)) return;
        const { pathname } = new URL(request.url ?? "/", "http://localhost");
        const script = scripts.get(pathname);
        if (script !== undefined) response.setHeader("content-type", "text/javascript; charset=utf-8");
        const page = PAGES[pathname];
        if (page !== undefined) response.setHeader("content-type", "text/html; charset=utf-8");
        response.statusCode = script === undefined && page === undefined ? 404 : 200;
        response.end(script ?? page);
      });
      server.listen(port, "127.0.0.1", resolve);
    });
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  let port = 0;
  const site: Site = {
    get origin() {
      return `http://127.0.0.1:${port}`;
    },
    notes,
    take: () => false,
    stop,
    start: () => listen(port),
    close: stop,
  };
  await listen(0);
  port = (server!.address() as AddressInfo).port;
  return site;
}
