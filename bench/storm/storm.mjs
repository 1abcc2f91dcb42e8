// A server of bounded capacity and the clients that come back online at once, each with requests that wait. The waits are
// the outbox's own: its gates are used as they are. Seeded: the same numbers on every machine.

/**
 * @typedef {object} Policy
 * @property {string} name
 * @property {number} spreadMs what passes at most between the network's return and a client's first request
 * @property {boolean} hasJitter
 * @property {number} growth of the wait with each failure
 * @property {number} threshold of the breaker; 0 is none
 *
 * @typedef {object} Storm
 * @property {string} name
 * @property {number[]} offered requests in each second
 * @property {number[]} served of these, those that succeeded
 * @property {number} attempts for each delivered request
 * @property {number} peak requests in the worst second
 * @property {number | null} halfS seconds until half was delivered
 * @property {number | null} allS seconds until all was delivered; null when it was not within the time
 */

export const CLIENTS = 10_000;
export const REQUESTS_EACH = 5;
/** Requests that the server can serve in a second. */
export const CAPACITY = 1_000;
/** Refusing a request with 503 costs so much of serving one: too many at once, and nothing else gets done. */
const REFUSAL_COST = 0.1;
export const LASTS_S = 400;

const TICK_MS = 20;
const ROUND_TRIP_MS = 60;
const CONCURRENCY = 4;
const BACKOFF = { baseMs: 1_000, maxMs: 300_000 };

/** Mulberry32. @param {number} seed */
export function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * @param {typeof import("../../src/integrations/outbox/gates.js").createGates} createGates
 * @param {Policy} policy
 * @param {number} seed
 * @returns {Storm}
 */
export function simulate(createGates, { name, spreadMs, hasJitter, growth, threshold }, seed) {
  const random = createRandom(seed);
  const chance = hasJitter ? random : () => 1;
  const limitMs = growth > 1 ? BACKOFF.maxMs : BACKOFF.baseMs;
  const clients = Array.from({ length: CLIENTS }, () => ({
    inFlight: 0,
    gates: createGates({
      backoff: { ...BACKOFF, maxMs: limitMs },
      maxRetryAfterMs: 3_600_000,
      threshold,
      rateLimit: undefined,
      random: chance,
    }),
  }));
  /** Requests by the tick at which they are next looked at. @type {Map<number, { client: typeof clients[number], attempt: number }[]>} */
  const due = new Map();
  const at = (/** @type {number} */ ms, /** @type {{ client: typeof clients[number], attempt: number }} */ request) => {
    const tick = Math.ceil(ms / TICK_MS);
    const there = due.get(tick);
    if (there) there.push(request);
    else due.set(tick, [request]);
  };
  for (const client of clients) {
    const startMs = random() * spreadMs;
    for (let i = 0; i < REQUESTS_EACH; i++) at(startMs, { client, attempt: 0 });
  }
  const offered = Array(LASTS_S).fill(0);
  const served = Array(LASTS_S).fill(0);
  const total = CLIENTS * REQUESTS_EACH;
  let delivered = 0;
  let attempts = 0;
  /** @type {number | null} */
  let halfS = null;
  /** @type {number | null} */
  let allS = null;
  let credit = 0;
  for (let tick = 0; tick * TICK_MS < LASTS_S * 1_000 && delivered < total; tick++) {
    const now = tick * TICK_MS;
    const perTick = (CAPACITY * TICK_MS) / 1_000;
    credit = Math.min(perTick * 2, credit + perTick);
    const arriving = [];
    for (const request of due.get(tick) ?? []) {
      const { client } = request;
      if (client.inFlight >= CONCURRENCY) {
        at(now + ROUND_TRIP_MS, request);
        continue;
      }
      const pass = client.gates.enter("server", now);
      if (pass.type === "wait") at(now + Math.max(TICK_MS, pass.ms), request);
      else {
        client.inFlight++;
        arriving.push(request);
      }
    }
    due.delete(tick);
    attempts += arriving.length;
    const second = Math.floor(now / 1_000);
    offered[second] += arriving.length;
    const n = arriving.length;
    const taken = n <= credit ? n : Math.max(0, Math.floor((credit - REFUSAL_COST * n) / (1 - REFUSAL_COST)));
    credit = Math.max(-perTick * 50, credit - taken - REFUSAL_COST * (n - taken));
    // Whoever is served is a matter of luck.
    for (let i = arriving.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [arriving[i], arriving[j]] = [/** @type {any} */ (arriving[j]), /** @type {any} */ (arriving[i])];
    }
    arriving.forEach((request, i) => {
      const { client } = request;
      client.inFlight--;
      if (i < taken) {
        client.gates.succeeded("server");
        delivered++;
        served[second]++;
        return;
      }
      request.attempt++;
      const waitMs = client.gates.failed("server", now, { attempt: request.attempt });
      at(now + ROUND_TRIP_MS + Math.max(TICK_MS, waitMs), request);
    });
    if (halfS === null && delivered * 2 >= total) halfS = now / 1_000;
    if (delivered === total) allS = now / 1_000;
  }
  return {
    name,
    offered,
    served,
    attempts: attempts / Math.max(1, delivered),
    peak: Math.max(...offered),
    halfS,
    allS,
  };
}

/** @type {readonly Policy[]} */
export const POLICIES = [
  { name: "every second, as one", spreadMs: 0, hasJitter: false, growth: 1, threshold: 0 },
  { name: "backoff alone", spreadMs: 0, hasJitter: false, growth: 2, threshold: 0 },
  { name: "backoff, full jitter", spreadMs: 3_000, hasJitter: true, growth: 2, threshold: 0 },
  { name: "and a breaker (the outbox)", spreadMs: 3_000, hasJitter: true, growth: 2, threshold: 5 },
];
