// The server that devices share: `originmq/server` beside the demo's pages, and the door at which they get their tokens, as
// an application with sessions of its own would have one. Invariant: nobody comes in with a token that was not made here.

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleForNode } from "../../scripts/bundle-for-node.mjs";
import { ROOT } from "../../scripts/package-layout.mjs";

const DATABASE = "demo";
const TOKEN_MS = 15 * 60_000;
/** Short, so that visitors see what becomes of the work of who does not come back. */
const RECONNECT_MS = 3_000;
const NAME = /^[\p{L}\p{N} ,.:()-]{1,80}$/u;
const BODY_MAX = 1_000;

/**
 * Who the demo knows: a name, and until when. Signed, so that nobody makes one.
 * @param {Buffer} secret
 */
function createTokens(secret) {
  /** @param {string} text */
  const sign = (text) => createHmac("sha256", secret).update(text).digest();
  return {
    /** @param {string} name */
    issue(name) {
      const text = Buffer.from(JSON.stringify({ name, until: Date.now() + TOKEN_MS })).toString("base64url");
      return `${text}.${sign(text).toString("base64url")}`;
    },
    /** @param {string | undefined} token @returns {{ name: string, until: number } | undefined} */
    read(token = "") {
      const [text = "", signature = ""] = token.split(".");
      const given = Buffer.from(signature, "base64url");
      const right = sign(text);
      if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
      return JSON.parse(Buffer.from(text, "base64url").toString());
    },
  };
}

/**
 * @typedef {object} Surroundings
 * @property {readonly string[]} origins whose pages may connect
 * @property {boolean} isOpen listens for other machines, too
 * @property {string} name of the folder that holds the data
 */

/** @param {Surroundings} surroundings */
async function start({ origins, isOpen, name }) {
  /** @type {typeof import("../../src/server.js")} */
  const { serve, QueueError } = await import(await bundleForNode(join(ROOT, "src/server.ts")));
  const tokens = createTokens(randomBytes(32));
  /** @type {import("../../src/server.js").ServeOptions} */
  const common = {
    hostname: isOpen ? "0.0.0.0" : "127.0.0.1",
    allowOrigins: origins,
    reconnectMs: RECONNECT_MS,
    authorize({ token }) {
      const known = tokens.read(token);
      // A demo: whoever is known may do everything.
      return known
        ? { client: known.name, queues: { "*": ["send", "consume", "peek", "manage"] }, expiresAt: known.until }
        : null;
    },
  };
  const directory = join(tmpdir(), "originmq-demo", name);
  const onDisk = (/** @type {number} */ port) => serve({ ...common, port, directory });
  const inMemory = (/** @type {number} */ port) => serve({ ...common, port, memory: true });
  let open = onDisk;
  let server = await onDisk(0).catch((error) => {
    // Node 20 without better-sqlite3 beside it.
    if (!(error instanceof QueueError) || error.code !== "unsupported") throw error;
    open = inMemory;
    return inMemory(0);
  });
  const port = () => Number(new URL(server.url).port);
  return {
    tokens,
    isKept: open === onDisk,
    /** By the name under which its page is reached. @param {string} host */
    addressFor: (host) => `ws://${host === "localhost" ? "127.0.0.1" : host}:${port()}/mq/${DATABASE}`,
    async restart() {
      const before = port();
      await server.close();
      server = await open(before);
    },
    close: () => server.close(),
  };
}

/** @param {import("node:http").IncomingMessage} request */
async function jsonOf(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_MAX) throw new Error("too long");
  }
  return JSON.parse(text || "{}");
}

/**
 * Started with the first who asks for a token. `surroundings` is asked for then: only a server that listens knows them.
 * @param {() => Surroundings} surroundings
 */
export function createSharedQueues(surroundings) {
  /** @type {ReturnType<typeof start> | undefined} */
  let starting;

  /** @param {import("node:http").IncomingMessage} request */
  async function answer(request) {
    const { origins } = surroundings();
    const { origin, host = "" } = request.headers;
    // A page of somebody else's gets no token.
    if (request.method !== "POST" || (origin !== undefined && !origins.includes(origin))) return { status: 403 };
    starting ??= start(surroundings());
    const shared = await starting;
    if (request.url === "/shared/restart") {
      await shared.restart();
      return { status: 200, value: {} };
    }
    if (request.url !== "/shared/token") return { status: 404 };
    const { name } = await jsonOf(request);
    if (typeof name !== "string" || !NAME.test(name)) return { status: 400, value: { error: "who are you?" } };
    const { hostname } = new URL(`http://${host}`);
    const { tokens, isKept } = shared;
    return { status: 200, value: { url: shared.addressFor(hostname), token: tokens.issue(name), isKept } };
  }

  return {
    /** @type {import("vite").Connect.NextHandleFunction} */
    handle(request, response, next) {
      if (!request.url?.startsWith("/shared/")) return next();
      answer(request).then(({ status, value = {} }) => {
        response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
        response.end(JSON.stringify(value));
      }, next);
    },
    async close() {
      await (await starting)?.close();
    },
  };
}

/** @param {import("vite").PreviewServer | import("vite").ViteDevServer} server @returns {Surroundings} */
function surroundingsOf(server) {
  const { local = [], network = [] } = server.resolvedUrls ?? {};
  const origins = [...local, ...network].map((url) => new URL(url).origin);
  const port = new URL(origins[0] ?? "http://localhost").port;
  return {
    origins: [...new Set([...origins, `http://localhost:${port}`, `http://127.0.0.1:${port}`])],
    isOpen: network.length > 0,
    name: port,
  };
}

/** Puts it behind whatever Vite serves: `npm start`, `npm run dev`. @returns {import("vite").Plugin} */
export function sharedQueues() {
  /** @param {import("vite").PreviewServer | import("vite").ViteDevServer} server */
  const serveBehind = (server) => {
    const shared = createSharedQueues(() => surroundingsOf(server));
    server.middlewares.use(shared.handle);
    server.httpServer?.once("close", () => void shared.close());
  };
  return { name: "shared-queues", configurePreviewServer: serveBehind, configureServer: serveBehind };
}
