// Whether there is a NATS on this machine that pages reach: what listens where demo/server/nats.conf says, or where
// ORIGINMQ_DEMO_NATS does (ws://HOST:PORT).

import { createConnection } from "node:net";

const DEFAULT_URL = "ws://127.0.0.1:9222";
const ANSWER_MS = 1_000;

/** @param {URL} url @returns {Promise<boolean>} */
function isThere({ hostname, port }) {
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname, port: Number(port || 80), timeout: ANSWER_MS });
    const end = (/** @type {boolean} */ is) => {
      socket.destroy();
      resolve(is);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}

/** Puts the answer behind whatever Vite serves: `{ url, isThere }`. @returns {import("vite").Plugin} */
export function localNats() {
  const url = process.env.ORIGINMQ_DEMO_NATS ?? DEFAULT_URL;
  /** @param {import("vite").PreviewServer | import("vite").ViteDevServer} server */
  const serveBehind = (server) => {
    server.middlewares.use("/bridge/nats", (_, response, next) => {
      isThere(new URL(url)).then((is) => {
        response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
        response.end(JSON.stringify({ url, isThere: is }));
      }, next);
    });
  };
  return { name: "local-nats", configurePreviewServer: serveBehind, configureServer: serveBehind };
}
