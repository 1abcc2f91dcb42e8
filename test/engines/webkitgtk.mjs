// A browser provider for Vitest that drives WebKitGTK through its WebDriver, on a display in memory.

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { defineBrowserProvider } from "@vitest/browser";
import { findWebKit } from "./find-engines.mjs";

const STARTUP_MS = 20_000;

/** @returns {Promise<number>} a port that nobody listens on */
const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });

/** Starts Xvfb and resolves with the number of the display it chose. @param {string} xvfb */
function startDisplay(xvfb) {
  const child = spawn(xvfb, ["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const number = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.stdout.once("data", (data) => resolve(String(data).trim()));
  });
  return { child, number };
}

/** @param {string} base @param {string} method @param {string} path @param {unknown} [body] */
async function command(base, method, path, body) {
  const response = await fetch(base + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const { value } = /** @type {any} */ (await response.json());
  if (!response.ok) throw new Error(`WebDriver ${method} ${path}: ${value?.message ?? response.status}`);
  return value;
}

/** @param {string} base */
async function untilReady(base) {
  for (const endsAt = Date.now() + STARTUP_MS; ; ) {
    try {
      return await command(base, "GET", "/status");
    } catch (error) {
      if (Date.now() > endsAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function start() {
  const found = findWebKit();
  if (!found) throw new Error("WebKitGTK is not installed: webkit2gtk-driver and xvfb are needed.");
  const { child: display, number } = startDisplay(found.display);
  const port = await freePort();
  const driver = spawn(found.driver, [`--port=${port}`, "--host=127.0.0.1"], {
    stdio: "ignore",
    env: { ...process.env, DISPLAY: `:${await number}` },
  });
  const base = `http://127.0.0.1:${port}`;
  await untilReady(base);
  const options = { binary: found.browser, args: ["--automation", "--features=+StorageAPI,+StorageAPIEstimate"] };
  return { base, options, processes: [driver, display] };
}

/**
 * @typedef {object} WebKitTab
 * @property {(url: string) => Promise<void>} visit
 * @property {(body: string, ...args: unknown[]) => Promise<any>} run calls the body of an async function in the page and
 *   resolves with what it returns
 * @property {() => Promise<void>} reload
 * @property {() => Promise<void>} close as its user would: its last events are fired
 */

/**
 * One window of WebKitGTK, for tests that drive it themselves, and tabs beside it.
 * @returns {Promise<Pick<WebKitTab, "visit" | "run"> & { openTab(): Promise<WebKitTab>, close(): Promise<void> }>}
 */
export async function openWebKit() {
  const { base, options, processes } = await start();
  const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": options } };
  const { sessionId } = await command(base, "POST", "/session", { capabilities });
  const session = `/session/${sessionId}`;
  await command(base, "POST", `${session}/timeouts`, { script: 60_000 });
  const first = await command(base, "GET", `${session}/window`);
  /** @param {string} url */
  const visit = (url) => command(base, "POST", `${session}/url`, { url });
  /** @param {string} body @param {unknown[]} args */
  const run = async (body, ...args) => {
    const script = `const [args, done] = arguments;
      (async (...args) => { ${body} })(...args).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const { value, error } = await command(base, "POST", `${session}/execute/async`, { script, args: [args] });
    if (error !== undefined) throw new Error(error);
    return value;
  };
  return {
    visit,
    run,
    async openTab() {
      // From a window that is there: the one before may be closed.
      await command(base, "POST", `${session}/window`, { handle: first });
      const { handle } = await command(base, "POST", `${session}/window/new`, { type: "tab" });
      const here = () => command(base, "POST", `${session}/window`, { handle });
      return {
        visit: (url) => here().then(() => visit(url)),
        run: (body, ...args) => here().then(() => run(body, ...args)),
        reload: () => here().then(() => command(base, "POST", `${session}/refresh`, {})),
        close: () => here().then(() => command(base, "DELETE", `${session}/window`)),
      };
    },
    async close() {
      await command(base, "DELETE", session).catch(() => {});
      for (const process of processes) process.kill();
    },
  };
}

export const webkitgtk = () =>
  defineBrowserProvider({
    name: "webkitgtk",
    supportedBrowser: ["webkit"],
    providerFactory() {
      /** @type {ReturnType<typeof start> | undefined} */
      let started;
      /** @type {Map<string, string>} */
      const sessions = new Map();
      return {
        name: "webkitgtk",
        supportsParallelism: false,
        getCommandsContext: () => ({}),
        async openPage(id, url) {
          started ??= start();
          const { base, options } = await started;
          if (!sessions.has(id)) {
            const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": options } };
            const { sessionId } = await command(base, "POST", "/session", { capabilities });
            sessions.set(id, sessionId);
          }
          await command(base, "POST", `/session/${sessions.get(id)}/url`, { url });
        },
        async close() {
          if (!started) return;
          const { base, processes } = await started;
          for (const id of sessions.values()) await command(base, "DELETE", `/session/${id}`).catch(() => {});
          for (const process of processes) process.kill();
        },
      };
    },
  });
