// What is compared with what, and what was asked (issue 13). Every ratio is of medians of one run.

/**
 * @typedef {import("./cases.mjs").Values} Values
 * @typedef {object} Row
 * @property {string} what
 * @property {number} value
 * @property {"times" | "kB" | "ms"} unit
 * @property {number} [target]
 * @property {boolean} [isAtMost]
 */

/** @type {readonly (Omit<Row, "value"> & { of(medians: (id: string) => Values): number | undefined })[]} */
const ROWS = [
  {
    what: "end to end, of BullMQ",
    unit: "times",
    target: 8,
    of: (medians) => divide(medians("bullmq").us, medians("end-to-end-relaxed").us),
  },
  {
    what: "the same, strict",
    unit: "times",
    of: (medians) => divide(medians("bullmq").us, medians("end-to-end-strict").us),
  },
  {
    what: "end to end, of the fastest job queue on SQLite",
    unit: "times",
    target: 8,
    of: (medians) => divide(least(medians("plainjob").us, medians("bunqueue").us), medians("end-to-end-relaxed").us),
  },
  {
    what: "end to end, of plainjob",
    unit: "times",
    of: (medians) => divide(medians("plainjob").us, medians("end-to-end-relaxed").us),
  },
  {
    what: "end to end, strict, of relaxed",
    unit: "times",
    target: 0.5,
    of: (medians) => divide(medians("end-to-end-relaxed").us, medians("end-to-end-strict").us),
  },
  ...["relaxed", "strict"].flatMap((durability) =>
    [1, 4].map((limit) => ({
      what: `sendBatch of 1,000, ${limit === 1 ? "one at a time" : `${limit} in flight`}, ${durability}, of the raw log`,
      unit: /** @type {const} */ ("times"),
      target: 0.5,
      /** @param {(id: string) => Values} medians */
      of: (medians) => divide(medians(`raw-log-${durability}`).us, medians(`send-batch-x${limit}-${durability}`).us),
    })),
  ),
  {
    what: "a Durable Object, end to end, of the Node server, strict",
    unit: "times",
    target: 0.5,
    of: (medians) => divide(medians("end-to-end-strict").us, medians("object-end-to-end").us),
  },
  {
    what: "latency p50, of two round trips and one commit",
    unit: "times",
    target: 1.4,
    isAtMost: true,
    of: (medians) => divide(medians("latency").p50, medians("two-round-trips").p50),
  },
  {
    what: "latency p50, of a bare relay with one commit",
    unit: "times",
    of: (medians) => divide(medians("latency").p50, medians("relay").p50),
  },
  ...[
    { metric: "first", which: "first of a process" },
    { metric: "later", which: "later" },
  ].map(({ metric, which }) => ({
    what: `wake of an object with 100,000 waiting, ${which}`,
    unit: /** @type {const} */ ("ms"),
    target: 100,
    isAtMost: true,
    /** @param {(id: string) => Values} medians */
    of: (medians) => medians("wake")[metric],
  })),
  {
    what: "memory of an idle connection",
    unit: "kB",
    target: 20,
    isAtMost: true,
    of: (medians) => divide(medians("idle").bytes, 1_000),
  },
];

/** @param {readonly { id: string, medians: Values }[]} results @returns {Row[]} those whose cases were run */
export function rowsOf(results) {
  /** @param {string} id */
  const medians = (id) => results.find((result) => result.id === id)?.medians ?? {};
  return ROWS.flatMap(({ of, ...row }) => {
    const value = of(medians);
    return value === undefined ? [] : [{ ...row, value }];
  });
}

/** @param {number | undefined} a @param {number | undefined} b */
const divide = (a, b) => (a === undefined || b === undefined || b === 0 ? undefined : a / b);

/** @param {(number | undefined)[]} values */
const least = (...values) => {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};
