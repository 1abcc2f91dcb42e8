// An application of each framework: the component of docs/frameworks.md and one that is flooded, rendered on a server and
// taken up in the browser, by Vite with the framework's own plugin, in development or built.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import react from "@vitejs/plugin-react";
import vue from "@vitejs/plugin-vue";
import { build, createServer, type InlineConfig, type PluginOption } from "vite";
import solid from "vite-plugin-solid";
import { ROOT } from "../../scripts/package-layout.mjs";
import { componentOf, FRAMEWORKS, type Framework, SAVES, SAVES_IN_REACT, STORE } from "./samples.js";

const HARNESS = join(ROOT, "test/frameworks/harness");
/** Within the repository, for its packages; not in test-results/, in which Vite sees no edits. */
const OUT = join(ROOT, "test/frameworks/written");

export interface Application {
  readonly address: string;
  /** For who edits them: the component, and the module that makes the store. */
  readonly files: { readonly component: string; readonly store: string };
  readonly saves: Saves;
  close(): Promise<void>;
}

/** The server's side of the outbox, at `/api/saves`. */
export interface Saves {
  /** What it answers. */
  status: number;
  /** Each once, by its key. */
  readonly stored: Map<string, string>;
}

interface Rendered {
  readonly head?: string;
  readonly body?: string;
  /** In place of both. */
  readonly document?: string;
}
type Connect = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;
type Render = (page: string) => Rendered | Promise<Rendered>;

const PLUGINS: Readonly<Record<Framework, () => PluginOption>> = {
  react,
  vue,
  svelte: () => svelte({ configFile: false }),
  solid: () => solid({ ssr: true }),
  angular: () => [],
};

/** What the framework's page begins with, and where its client is. */
const clientOf = (framework: Framework) => `client.${["react", "solid"].includes(framework) ? "tsx" : "ts"}`;
const pageOf = (framework: Framework) => `<!doctype html>
<html lang="en">
  <head><title>${framework}</title><link rel="icon" href="data:," /><!--head--></head>
  <body>${framework === "angular" ? "<test-root></test-root>" : '<div id="app"><!--body--></div>'}
    <script type="module" src="/${clientOf(framework)}"></script>
  </body>
</html>
`;

/** Writes the application's files, new ones. */
function write(framework: Framework): string {
  const folder = join(OUT, framework);
  rmSync(join(folder, "src"), { recursive: true, force: true });
  const root = join(folder, "src");
  mkdirSync(root, { recursive: true });
  cpSync(join(HARNESS, framework), root, { recursive: true });
  cpSync(join(HARNESS, "flood.ts"), join(root, "flood.ts"));
  writeFileSync(join(root, "orders.ts"), STORE);
  writeFileSync(join(root, "saves.ts"), SAVES);
  if (framework === "react") writeFileSync(join(root, "shown.tsx"), SAVES_IN_REACT);
  writeFileSync(join(root, FRAMEWORKS[framework].file), componentOf(framework));
  writeFileSync(join(root, "index.html"), pageOf(framework));
  return root;
}

const filesOf = (framework: Framework, root: string) => ({
  component: join(root, FRAMEWORKS[framework].file),
  store: join(root, "orders.ts"),
});

const configOf = (framework: Framework, root: string): InlineConfig => ({
  root,
  configFile: false,
  logLevel: "warn",
  cacheDir: join(OUT, framework, ".vite"),
  plugins: [PLUGINS[framework]()],
  resolve: {
    alias: [
      { find: /^originmq$/, replacement: join(ROOT, "src/index.ts") },
      { find: /^originmq\/(.+)$/, replacement: join(ROOT, "src/$1.ts") },
    ],
  },
  worker: { format: "es" },
});

const fill = (page: string, { head = "", body = "", document }: Rendered) =>
  document ?? page.replace("<!--head-->", () => head).replace("<!--body-->", () => body);

/** Served by Vite from its sources, each page rendered anew. */
export async function inDevelopment(framework: Framework): Promise<Application> {
  const root = write(framework);
  const server = createHttpServer();
  const vite = await createServer({
    ...configOf(framework, root),
    appType: "custom",
    server: { middlewareMode: true, hmr: { server } },
  });
  const answer = async (path: string) => {
    if (path !== "/") return undefined;
    const page = await vite.transformIndexHtml("/", readFileSync(join(root, "index.html"), "utf8"));
    const { render } = (await vite.ssrLoadModule(`/${clientOf(framework).replace("client", "server")}`)) as {
      render: Render;
    };
    return fill(page, await render(page));
  };
  const site = await serve(server, answer, vite.middlewares);
  return {
    ...site,
    files: filesOf(framework, root),
    async close() {
      await site.close();
      await vite.close();
    },
  };
}

/** Built by Vite for browsers and for a server, which renders it for each page. */
export async function built(framework: Framework): Promise<Application> {
  const root = write(framework);
  const out = (name: string) => join(OUT, framework, name);
  const config = configOf(framework, root);
  await build({ ...config, build: { outDir: out("client"), emptyOutDir: true } });
  const server = clientOf(framework).replace("client", "server");
  await build({ ...config, build: { outDir: out("server"), emptyOutDir: true, ssr: join(root, server) } });
  const page = readFileSync(join(out("client"), "index.html"), "utf8");
  const { render } = (await import(pathToFileURL(join(out("server"), "server.js")).href)) as { render: Render };
  const site = await serve(createHttpServer(), async (path) =>
    path === "/" ? fill(page, await render(page)) : readFileSync(join(out("client"), path), "utf8"),
  );
  return { ...site, files: filesOf(framework, root) };
}

const TYPES: Readonly<Record<string, string>> = { ".js": "text/javascript", ".css": "text/css" };

/** Answers with what `answer` has for a path; what it has nothing for is left to the middlewares. */
async function serve(
  server: Server,
  answer: (path: string) => Promise<string | undefined>,
  middlewares?: Connect,
): Promise<Omit<Application, "files">> {
  const saves: Saves = { status: 201, stored: new Map() };
  server.on("request", async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    try {
      if (pathname === "/api/saves") {
        const body = Buffer.concat(await request.toArray()).toString();
        if (saves.status < 300) saves.stored.set(String(request.headers["idempotency-key"]), body);
        return response.writeHead(saves.status).end();
      }
      const text = await answer(pathname);
      if (text === undefined && middlewares) return middlewares(request, response, () => response.writeHead(404).end());
      response.writeHead(200, { "content-type": TYPES[extname(pathname)] ?? "text/html" }).end(text);
    } catch (error) {
      response.writeHead(500).end(String((error as Error).stack));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    saves,
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
