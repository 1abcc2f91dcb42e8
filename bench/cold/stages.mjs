// Where the time goes between the call and the first durable message: what page and worker asked of the platform, and when
// they heard, as spans on one time line. Measured apart from the rest, in a build that notes it.

import { median } from "../rounds.mjs";

/**
 * @typedef {[where: "page" | "worker", what: string, at: number]} Note
 * @typedef {{ name: string, from: number, to: number }} Stage milliseconds from the call
 */

/** By what a stage begins and ends with; `last`: it ends with the last one. */
const SPANS = [
  { name: "the page's own lock", from: /^lock .*:client:/, to: /^lock .*:client:.* granted$/, where: "page" },
  { name: "start of the worker", from: /^SharedWorker$/, to: /^script$/ },
  { name: "a word of the worker", from: /^SharedWorker$/, to: /^hears originmq:opening$/, where: "page" },
  { name: "script's run", from: /^script$/, to: /^evaluated$/, where: "worker" },
  { name: "lock of the host", from: /^lock .*:host$/, to: /^lock .*:host granted$/, where: "worker" },
  { name: "opening the database", from: /^open$/, to: /^open done$/, where: "worker" },
  {
    name: "take-over",
    from: /^tx \d+ readwrite .*checkpoint\+bodies$/,
    to: /^tx \d+ readwrite .*checkpoint\+bodies done$/,
    where: "worker",
  },
  { name: "the host begins", from: /checkpoint\+bodies done$/, to: /^posts originmq:opened$/, where: "worker" },
  { name: "canary", from: /^cache open$/, to: /^cache put done$/, where: "worker" },
  { name: "hello", from: /^posts hello/, answer: true },
  { name: "configure", from: /^posts submit configure/, answer: true },
  { name: "first send", from: /^posts submit send/, answer: true },
];

/** @param {readonly Note[]} given @returns {Stage[]} */
export function stagesOf(given) {
  const notes = [...given].sort((a, b) => a[2] - b[2]);
  const loaded = notes.findIndex(([where, what]) => where === "page" && what === "evaluated");
  const after = notes.slice(loaded + 1);
  const began = after.find(([where]) => where === "page")?.[2] ?? 0;
  const asked = after.filter(([where, what]) => where === "page" && /^posts (hello|submit)/.test(what));
  const answers = after.filter(([where, what]) => where === "page" && what === "hears answer");
  const end = answers.at(asked.findIndex(([, what]) => what === "posts submit send"))?.[2] ?? Number.POSITIVE_INFINITY;
  const spans = SPANS.flatMap(({ name, from, to, where, answer }) => {
    const first = after.find(([by, what]) => from.test(what) && (where === undefined || by === where));
    if (first === undefined) return [];
    const last = answer
      ? answers[asked.indexOf(first)]
      : after.find(([, what, at]) => at >= first[2] && to?.test(what));
    return last ? [{ name, from: first[2] - began, to: last[2] - began }] : [];
  });
  return [...spans, ...reserveOf(after, began), { name: "in all", from: 0, to: end - began }];
}

/** @param {readonly Note[]} notes @param {number} began @returns {Stage[]} */
function reserveOf(notes, began) {
  const [, what = "", at = 0] = notes.find(([, what]) => what.startsWith("reserve in")) ?? [];
  const [tx] = /tx \d+/.exec(what) ?? [];
  const done = notes.find(([, what]) => tx !== undefined && what.startsWith(`${tx} `) && what.endsWith("done"));
  return done ? [{ name: "reserve", from: at - began, to: done[2] - began }] : [];
}

/**
 * @typedef {{ first: Stage[], second: Stage[] }} TabStages of the first tab, and of a second one
 * @param {import("./site.mjs").ColdSite} site of a build that notes
 * @param {import("./site.mjs").BrowserName} browser
 * @returns {Promise<TabStages>}
 */
export const measureStages = (site, browser) =>
  site.inNewBrowser(browser, async ({ openPage }) => {
    const measure = async () => {
      const page = await openPage("originmq");
      await page.evaluate(() => measureFirst("relaxed"));
      return stagesOf(await page.evaluate(() => stageNotes()));
    };
    return { first: await measure(), second: await measure() };
  });

/** @param {readonly (readonly Stage[])[]} rounds @returns {Stage[]} medians of what most rounds have, by when they begin */
export function mediansOfStages(rounds) {
  const names = new Set(rounds.flatMap((stages) => stages.map(({ name }) => name)));
  return [...names]
    .map((name) => {
      const all = rounds.flatMap((stages) => stages.filter((stage) => stage.name === name));
      return {
        name,
        times: all.length,
        from: median(all.map(({ from }) => from)),
        to: median(all.map(({ to }) => to)),
      };
    })
    .filter(({ times }) => 2 * times > rounds.length)
    .map(({ name, from, to }) => ({ name, from, to }))
    .sort((a, b) => a.from - b.from || a.to - b.to);
}
