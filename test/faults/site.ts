// The origin under test: small pages of several builds of OriginMQ, bundled into memory and served from there.
// `/NAME/` is a page of the build NAME; its workers have addresses of their own, as after a deployment. `?policy=` is the
// Content-Security-Policy that it comes with, `?from=` another origin that its scripts come from, `?without=` a global that it
// does not have.

import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import type { Told } from "./page/tell.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What other builds say of themselves in src/core/spec/version.ts. */
const BUILDS = {
  today: {},
  next: { BUILD: 2 },
  "next-wire": { BUILD: 2, WIRE_MAJOR: 2 },
  "next-format": { BUILD: 2, FORMAT_MAJOR: 5 },
} as const satisfies Record<string, Record<string, number>>;

export type BuildName = keyof typeof BUILDS;

export interface Site {
  readonly origin: string;
  /** The same pages where the browser is told that this name is this machine: no secure context. */
  readonly insecureOrigin: string;
  /** Whether a worker waits at the gate. */
  readonly isAtGate: boolean;
  /** The same pages under another name of this machine: another origin, which a page may take its scripts from. */
  readonly otherOrigin: string;
  /** Pages that a test adds, by path. */
  readonly pages: Map<string, string>;
  /** Headers of answers, besides those that all have, by path: a page's, or a script's. */
  readonly headers: Map<string, Readonly<Record<string, string>>>;
  /** What was posted to `/seen`, in the order of its arrival. */
  readonly seen: string[];
  /** Lets those at the gate go on. */
  openGate(): void;
  close(): Promise<void>;
}

/** Hosts that a browser must resolve to this machine for `insecureOrigin`. */
export const INSECURE_HOST = "originmq.test";

const MODULES = {
  "page.js": "test/faults/page/page.ts",
  "planting.js": "test/faults/page/planting.ts",
  "client-worker.js": "test/faults/page/client-worker.ts",
  "gated-worker.js": "test/faults/page/gated-worker.ts",
  "service-worker.js": "test/faults/page/service-worker.ts",
  "shared-worker.js": "src/shared-worker.ts",
  "dedicated-worker.js": "src/dedicated-worker.ts",
};

const replaceVersion = (constants: Record<string, number>): Plugin => ({
  name: "version",
  setup({ onLoad }) {
    onLoad({ filter: /src[\\/]core[\\/]spec[\\/]version\.ts$/ }, async ({ path }) => {
      let contents = await readFile(path, "utf8");
      for (const [name, value] of Object.entries(constants)) {
        const pattern = new RegExp(`export const ${name} = \\d+;`);
        if (!pattern.test(contents)) throw new Error(`src/core/spec/version.ts has no constant ${name}`);
        contents = contents.replace(pattern, `export const ${name} = ${value};`);
      }
      return { contents, loader: "ts" };
    });
  },
});

async function bundle(name: BuildName, isTapped: boolean): Promise<[string, string][]> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: Object.entries(MODULES).map(([out, path]) => ({ in: path, out: out.replace(/\.js$/, "") })),
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    outdir: "/",
    inject: isTapped ? ["test/faults/page/journal-tap.ts"] : [],
    plugins: [replaceVersion(BUILDS[name])],
  });
  return outputFiles.map(({ path, text }) => [`/${name}${path}`, text]);
}

const page = (name: string, from: string, without: string | null) =>
  `<!doctype html><meta charset="utf-8"><title>${name}</title><link rel="icon" href="data:,">${
    without ? `<script>delete globalThis.${without}</script>` : ""
  }<script type="module" src="${from}/${name}/page.js"></script>`;

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

/** `onTold`: hears what service workers report, and every commit of every host. */
export async function openSite({ onTold }: { onTold?(told: readonly Told[]): void } = {}): Promise<Site> {
  const names = Object.keys(BUILDS) as BuildName[];
  const bundles = await Promise.all(names.map((name) => bundle(name, onTold !== undefined)));
  const scripts = new Map(bundles.flat());
  const pages = new Map<string, string>([["/elsewhere", "<!doctype html><title>elsewhere</title>"] as const]);
  const headers: Site["headers"] = new Map();
  const seen: string[] = [];
  const atGate = new Set<ServerResponse>();
  const hear = async (request: IncomingMessage, response: ServerResponse) => {
    onTold?.(JSON.parse(await textOf(request)));
    response.writeHead(204).end();
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    // Its context may be gone before it has told all.
    if (pathname === "/told") return void hear(request, response).catch(() => response.destroy());
    if (pathname === "/seen") {
      void textOf(request).then((text) => {
        seen.push(text);
        response.writeHead(204).end();
      });
      return;
    }
    if (pathname === "/gate") {
      atGate.add(response);
      // Its page is gone.
      response.once("close", () => atGate.delete(response));
      return;
    }
    if (pathname === "/clear") response.setHeader("clear-site-data", '"storage"');
    const policy = searchParams.get("policy");
    if (policy) response.setHeader("content-security-policy", policy);
    const build = names.find((name) => pathname === `/${name}/`);
    const html = build ? page(build, searchParams.get("from") ?? "", searchParams.get("without")) : pages.get(pathname);
    const script = scripts.get(pathname);
    if (html !== undefined) response.setHeader("content-type", "text/html; charset=utf-8");
    if (script !== undefined) {
      response.setHeader("content-type", "text/javascript; charset=utf-8");
      response.setHeader("service-worker-allowed", "/");
      response.setHeader("access-control-allow-origin", "*");
    }
    for (const [name, value] of Object.entries(headers.get(pathname) ?? {})) response.setHeader(name, value);
    response.statusCode = (html ?? script) === undefined ? 404 : 200;
    response.end(html ?? script ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    otherOrigin: `http://localhost:${port}`,
    pages,
    headers,
    seen,
    insecureOrigin: `http://${INSECURE_HOST}:${port}`,
    get isAtGate() {
      return atGate.size > 0;
    },
    openGate() {
      for (const response of atGate) response.end();
      atGate.clear();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
