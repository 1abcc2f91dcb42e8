// What is compared with what, and the targets. Every ratio is "how many times as fast", from medians of one run.

/**
 * @typedef {import("./rounds.mjs").CaseResult} CaseResult
 * @typedef {object} Ratio
 * @property {string} what
 * @property {number} value
 * @property {number} [target] below what was reached: missed when `value` is on the wrong side of it, and `--check` fails
 * @property {number | undefined} [goal] what is asked, reached or not
 * @property {boolean} [isAtMost] `target` and `goal` are not to be exceeded
 */

import { median } from "./rounds.mjs";

/** Which limit a figure of OriginMQ is held against. */
const LIMITS = [
  [/^send-batch-1000x(\d+)-(\w+)$/, "raw-write-1000x$1-$2"],
  [/^(?:send-batch-100x\d+|send-x\d+|end-to-end-.*)-(\w+)$/, "raw-write-1000x4-$1"],
  [/^latency-(\w+)$/, "relay-commit-$1"],
].map(([pattern, limit]) => ({ pattern: /** @type {RegExp} */ (pattern), limit: String(limit) }));

/** What is asked of the browsers is not the same. */
const ASKED = {
  Chromium: { ofPeer: 50, ofWorkbox: 300, latency: 1.3 },
  Firefox: { ofPeer: 35, ofWorkbox: undefined, latency: 1.8 },
};

/** @param {readonly CaseResult[]} results @param {{ readonly browser: string }} machine */
export function createRatios(results, { browser }) {
  const asked = browser.startsWith("Firefox") ? ASKED.Firefox : ASKED.Chromium;
  const byId = new Map(results.map((result) => [result.id, result]));

  /** @param {CaseResult | undefined} result */
  const cost = (result) => costOf(result?.medians);

  /** @param {string} id @param {string} of @returns {number | undefined} how many times as fast as `of` */
  const speed = (id, of) => divide(cost(byId.get(of)), cost(byId.get(id)));

  /** @param {CaseResult} result */
  const limitOf = ({ id }) => {
    const found = LIMITS.find(({ pattern }) => pattern.test(id));
    return found && speed(id, id.replace(found.pattern, found.limit));
  };

  /** @param {string | undefined} durability @param {RegExp} [only] @returns {CaseResult | undefined} */
  const fastestPeer = (durability, only = /./) =>
    results
      .filter((one) => one.group === "peer" && one.durability === durability && only.test(one.id))
      .sort((a, b) => (cost(a) ?? 0) - (cost(b) ?? 0))[0];

  /** @param {CaseResult} result @returns {number | undefined} */
  const peerOf = (result) => {
    if (result.group !== "originmq" || result.medians.us === undefined) return undefined;
    return divide(cost(fastestPeer(result.durability)), cost(result));
  };

  /** @param {CaseResult} result @returns {number | undefined} the median of what the rounds say, each by itself */
  const beforeOf = ({ before, rounds }) =>
    before.length === 0 ? undefined : median(before.map((was, i) => divide(costOf(was), costOf(rounds[i])) ?? 0));

  /** @returns {Ratio[]} those whose cases were run */
  const all = () => {
    const relaxed = byId.get("end-to-end-1000x4-relaxed");
    const latency = byId.get("latency-relaxed");
    const peer = fastestPeer("relaxed");
    const workbox = fastestPeer("relaxed", /^workbox/);
    const ratios = [
      {
        what: "sendBatch of 1000, relaxed, of the raw write",
        value: speed("send-batch-1000x1-relaxed", "raw-write-1000x1-relaxed"),
        target: 0.3,
        goal: 0.5,
      },
      {
        what: "the same with 4 in flight, of the raw write with 4 in flight",
        value: speed("send-batch-1000x4-relaxed", "raw-write-1000x4-relaxed"),
        goal: 0.5,
      },
      {
        what: "single send with 500 in flight, relaxed, of sendBatch of 100",
        value: speed("send-x500-relaxed", "send-batch-100x4-relaxed"),
        target: 0.6,
      },
      {
        what: `end to end, relaxed, of the fastest peer (${peer?.label})`,
        value: divide(cost(peer), cost(relaxed)),
        target: 28,
        goal: asked.ofPeer,
      },
      {
        what: "end to end, relaxed, of Workbox at its fastest",
        value: divide(cost(workbox), cost(relaxed)),
        goal: asked.ofWorkbox,
      },
      {
        what: "end to end, strict, of relaxed",
        value: speed("end-to-end-1000x4-strict", "end-to-end-1000x4-relaxed"),
        target: 0.6,
      },
      {
        what: "end to end, each message in a group of its own, of plain",
        value: speed("end-to-end-groups-relaxed", "end-to-end-1000x4-relaxed"),
        target: 0.6,
        goal: 0.9,
      },
      {
        what: "end to end, mixed priorities, of plain",
        value: speed("end-to-end-priorities-relaxed", "end-to-end-1000x4-relaxed"),
        target: 0.6,
      },
      {
        what: "latency p50, relaxed, of two port hops and an empty commit (at most)",
        value: divide(latency?.medians.p50, byId.get("relay-commit-relaxed")?.medians.p50),
        goal: asked.latency,
        isAtMost: true,
      },
      {
        what: "latency p99 of its p50 (at most)",
        value: divide(latency?.medians.p99, latency?.medians.p50),
        target: 4,
        isAtMost: true,
      },
      ...results.map((result) => ({
        what: `${result.label}, ${result.durability}, of the build before`,
        value: beforeOf(result),
        target: 0.95,
      })),
    ];
    return ratios.flatMap(({ value, ...rest }) => (value === undefined ? [] : [{ ...rest, value }]));
  };

  return { limitOf, peerOf, all };
}

/** @param {import("./rounds.mjs").Values | undefined} values */
const costOf = (values) => values?.us ?? values?.p50;

/** @param {number | undefined} a @param {number | undefined} b */
const divide = (a, b) => (a === undefined || b === undefined || b === 0 ? undefined : a / b);

/** @param {Pick<Ratio, "value" | "isAtMost">} ratio @param {number | undefined} bound */
export const isMet = ({ value, isAtMost }, bound) =>
  bound === undefined || (isAtMost ? value <= bound : value >= bound);
