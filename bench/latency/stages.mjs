// What became of each message, out of what page, worker and page have noted.

/**
 * @typedef {[what: string, at: number]} Note
 * @typedef {Record<string, number>} Durations by stage, in milliseconds
 * @typedef {{ sender: Note[], worker: Note[], receiver: Note[] }} Notes
 */

export const STAGES = [
  "call until posted",
  "to the worker",
  "heard, checked, decided",
  "transaction and requests issued",
  "until it is complete",
  "until the delivery is posted",
  "to the other page",
  "to the handler",
  "all",
];

/**
 * One message is under way at a time, so each note belongs to the last one that was called.
 * @param {Notes} notes
 * @returns {Durations[]} of every message of which each stage was noted
 */
export function stagesOf({ sender, worker, receiver }) {
  const calls = sender.flatMap(([what, at]) => (what === "called" ? [at] : []));
  return calls.flatMap((called, i) => {
    const until = calls[i + 1] ?? Number.POSITIVE_INFINITY;
    const during = (/** @type {Note[]} */ all) => all.filter(([, at]) => at >= called && at < until);
    const [first, middle, last] = [during(sender), during(worker), during(receiver)];
    const posted = first.find(([what]) => what.startsWith("posts "));
    const arrived = last.find(([what]) => what === "arrived");
    const delivered = last.findLast(([what, at]) => what.startsWith("hears ") && at <= (arrived?.[1] ?? 0));
    const heard = middle.findIndex(([what]) => what === posted?.[0].replace("posts", "hears"));
    const after = middle.slice(heard + 1);
    const asked = after.find(([what]) => what === "asked readwrite");
    const complete = after.find(([what]) => what === "complete");
    const issued = after.findLast(([what, at]) => what.startsWith("issued ") && at <= (complete?.[1] ?? 0));
    const sent = after.find(
      ([what, at]) => at >= (complete?.[1] ?? 0) && what === delivered?.[0].replace("hears", "posts"),
    );
    const marks = [posted, middle[heard], asked, issued, complete, sent, delivered, arrived].map((note) => note?.[1]);
    if (marks.some((at) => at === undefined)) return [];
    const times = [called, .../** @type {number[]} */ (marks)];
    const spans = times.slice(1).map((at, k) => at - /** @type {number} */ (times[k]));
    return [Object.fromEntries(STAGES.map((stage, k) => [stage, spans[k] ?? at(times)]))];
  });
}

/** @param {readonly number[]} times */
const at = (times) => /** @type {number} */ (times.at(-1)) - /** @type {number} */ (times[0]);
