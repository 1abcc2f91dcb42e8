// The server of the field notes: keeps what it receives in memory, takes each idempotency key into effect once, counts
// repeats, and misbehaves when it is told to.

import { createHash } from "node:crypto";

/**
 * What it does instead of working as it should. `cut`: takes the request into effect and breaks the connection before
 * the answer. `flaky`: one of `500`, `429`, `reset` and `cut`, for one request in ten.
 * @typedef {"none" | "500" | "429" | "422" | "hang" | "reset" | "cut" | "flaky"} Misbehaviour
 *
 * @typedef {object} Arrival one request as it came, whatever became of it
 * @property {number} at
 * @property {string} method
 * @property {string} path
 * @property {string | null} key
 * @property {Record<string, string | string[] | undefined>} headers
 * @property {number} bytes
 * @property {string} sha256 of the body
 * @property {boolean} repeated a request of this key came before
 * @property {boolean} inEffect this one took effect: the first of its key that was not refused
 * @property {number | "hung" | "reset" | "cut"} outcome the status, or how the connection ended
 *
 * @typedef {object} Note
 * @property {number} number
 * @property {string} key
 * @property {number} at
 * @property {string} text
 * @property {string} place
 * @property {{ type: string, bytes: Uint8Array } | null} photo
 */

const MISBEHAVIOURS = ["none", "500", "429", "422", "hang", "reset", "cut", "flaky"];
const FLAKY = /** @type {const} */ (["500", "429", "reset", "cut"]);

/** @param {import("node:http").IncomingMessage} request */
async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** @param {import("node:http").ServerResponse} response @param {number} status @param {unknown} value @param {Record<string, string>} [headers] */
function answer(response, status, value, headers = {}) {
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
    ...headers,
  });
  response.end(JSON.stringify(value));
}

/** @param {{ print?: (line: string) => void, random?: () => number }} [parts] */
export function createNotesServer({ print = () => {}, random = Math.random } = {}) {
  /** @type {{ misbehaviour: Misbehaviour, retryAfterS: number }} */
  let conduct = { misbehaviour: "none", retryAfterS: 5 };
  /** @type {Arrival[]} */
  const arrivals = [];
  /** @type {Map<string, number>} the status that each key was answered with when it took effect */
  const effects = new Map();
  /** @type {Set<string>} */
  const seen = new Set();
  /** @type {Note[]} */
  const notes = [];
  let lastNumber = 0;

  /** @returns {Exclude<Misbehaviour, "flaky">} */
  const nextConduct = () => {
    if (conduct.misbehaviour !== "flaky") return conduct.misbehaviour;
    return random() < 0.1 ? /** @type {typeof FLAKY[number]} */ (FLAKY[Math.floor(random() * FLAKY.length)]) : "none";
  };

  /** @param {import("node:http").IncomingMessage} request @param {Buffer} body @param {string} key */
  async function keepNote(request, body, key) {
    const type = request.headers["content-type"] ?? "";
    if (!type.startsWith("multipart/form-data")) return;
    const form = await new Response(new Uint8Array(body), { headers: { "content-type": type } }).formData();
    const photo = form.get("photo");
    notes.push({
      number: ++lastNumber,
      key,
      at: Date.now(),
      text: String(form.get("text") ?? ""),
      place: String(form.get("place") ?? ""),
      photo:
        typeof photo === "object" && photo !== null && photo.size > 0
          ? { type: photo.type, bytes: new Uint8Array(await photo.arrayBuffer()) }
          : null,
    });
  }

  /** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response @param {URL} url */
  async function receive(request, response, url) {
    const body = await bodyOf(request);
    const header = request.headers["idempotency-key"];
    const key = typeof header === "string" ? header.replace(/^"(.*)"$/, "$1") : null;
    const did = nextConduct();
    const arrival = /** @type {Arrival} */ ({
      at: Date.now(),
      method: request.method ?? "",
      path: url.pathname + url.search,
      key,
      headers: { ...request.headers },
      bytes: body.length,
      sha256: createHash("sha256").update(body).digest("hex"),
      repeated: key !== null && seen.has(key),
      inEffect: false,
      outcome: 201,
    });
    arrivals.push(arrival);
    if (key !== null) seen.add(key);
    if (arrival.repeated) print(`repeated: ${arrival.method} ${arrival.path} ${key}`);
    if (did === "hang") {
      arrival.outcome = "hung";
      return;
    }
    if (did === "reset") {
      arrival.outcome = "reset";
      request.socket.destroy();
      return;
    }
    if (did === "500" || did === "422" || did === "429") {
      arrival.outcome = Number(did);
      const headers = did === "429" ? { "retry-after": String(conduct.retryAfterS) } : undefined;
      const error = did === "422" ? "this server refuses notes just now" : "this server was told to fail";
      return answer(response, arrival.outcome, { error }, headers);
    }
    const before = key === null ? undefined : effects.get(key);
    if (before === undefined) {
      arrival.inEffect = true;
      if (key !== null) effects.set(key, 201);
      await keepNote(request, body, key ?? "");
    } else print(`not applied again: ${key}`);
    if (did === "cut") {
      arrival.outcome = "cut";
      request.socket.destroy();
      return;
    }
    answer(response, 201, { applied: before === undefined, key });
  }

  /** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response @param {URL} url */
  async function route(request, response, url) {
    const { method } = request;
    const { pathname } = url;
    if (pathname === "/api/conduct") {
      if (method === "PUT") {
        const { misbehaviour, retryAfterS = conduct.retryAfterS } = JSON.parse(String(await bodyOf(request)));
        if (!MISBEHAVIOURS.includes(misbehaviour)) return answer(response, 400, { error: `one of ${MISBEHAVIOURS}` });
        conduct = { misbehaviour, retryAfterS: Number(retryAfterS) };
        print(`from now on: ${misbehaviour}`);
      }
      return answer(response, 200, conduct);
    }
    if (pathname === "/api/arrivals" && method === "GET") return answer(response, 200, arrivals);
    if (pathname === "/api/arrivals" && method === "DELETE") {
      arrivals.length = 0;
      notes.length = 0;
      effects.clear();
      seen.clear();
      return answer(response, 200, {});
    }
    const photo = /^\/api\/notes\/(\d+)\/photo$/.exec(pathname);
    if (photo && method === "GET") {
      const found = notes.find(({ number }) => number === Number(photo[1]))?.photo;
      if (!found) return answer(response, 404, { error: "no photo" });
      response.writeHead(200, { "content-type": found.type, "x-content-type-options": "nosniff" });
      return response.end(found.bytes);
    }
    if (pathname === "/api/notes" && method === "GET") {
      const repeats = arrivals.filter(({ repeated }) => repeated).length;
      const shown = notes.map(({ photo, ...note }) => ({ ...note, hasPhoto: photo !== null }));
      return answer(response, 200, { notes: shown, arrivals: arrivals.length, repeats });
    }
    return receive(request, response, url);
  }

  return {
    arrivals,
    /** @param {Misbehaviour} misbehaviour @param {number} [retryAfterS] */
    behave(misbehaviour, retryAfterS = conduct.retryAfterS) {
      conduct = { misbehaviour, retryAfterS };
    },
    /**
     * Answers what is addressed to `/api/`, from any origin; returns false for everything else.
     * @param {import("node:http").IncomingMessage} request
     * @param {import("node:http").ServerResponse} response
     */
    handle(request, response) {
      const url = new URL(request.url ?? "/", "http://localhost");
      if (!url.pathname.startsWith("/api/")) return false;
      response.setHeader("access-control-allow-origin", request.headers.origin ?? "*");
      if (request.headers.origin) response.setHeader("access-control-allow-credentials", "true");
      response.setHeader("access-control-expose-headers", "retry-after, date");
      if (request.method === "OPTIONS") {
        response.writeHead(204, {
          "access-control-allow-methods": request.headers["access-control-request-method"] ?? "*",
          "access-control-allow-headers": request.headers["access-control-request-headers"] ?? "*",
        });
        response.end();
        return true;
      }
      route(request, response, url).catch((error) => {
        // The client went away in the middle, or sent what is no form.
        if (!response.headersSent && !response.destroyed) answer(response, 400, { error: String(error) });
      });
      return true;
    },
  };
}
