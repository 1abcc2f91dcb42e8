// Many tabs at one queue, and what consuming costs each of them.

import { perSecond } from "./lab.mjs";

const TABS_FEW = 2;
const TABS_MANY = 8;

/** @typedef {import("./stage.mjs").Tab} Tab */

/** Sends from one tab what the others share. @param {Tab} sender @param {readonly Tab[]} consumers @param {number} count */
async function share(sender, consumers, count) {
  for (const tab of consumers) await tab.evaluate(() => scale.startConsuming());
  const { us } = await sender.evaluate((n) => scale.sendUntilIdle({ kind: "plain", count: n }), count);
  const shares = await Promise.all(consumers.map((tab) => tab.evaluate(() => scale.stopConsuming())));
  const even = count / consumers.length;
  return { us, unevenness: Math.max(...shares.map((share) => Math.abs(share / even - 1))) };
}

/**
 * Eight consuming tabs against two, all of them open all the time, with the same sender.
 * @type {import("./lab.mjs").ScaleCase}
 */
export const manyTabs = {
  id: "tabs",
  measure: (lab) =>
    lab.onStage(async (stage) => {
      const count = lab.messages / 5;
      const sender = await stage.openConnectedTab();
      /** @type {Tab[]} */
      const consumers = [];
      while (consumers.length < TABS_MANY) consumers.push(await stage.openConnectedTab());
      await share(sender, consumers, count / 4);
      const { few, many } = await lab.inTurn({
        few: () => share(sender, consumers.slice(0, TABS_FEW), count),
        many: () => share(sender, consumers, count),
      });
      return [
        {
          what: `throughput of ${TABS_MANY} consuming tabs, of ${TABS_FEW}`,
          value: few.us / many.us,
          unit: "times",
          target: 0.9,
          note: `${perSecond(many.us)}, ${perSecond(few.us)}`,
        },
        {
          what: `share of the tab that is furthest from an even one, of ${TABS_MANY}`,
          value: 100 * many.unevenness,
          unit: "%",
          target: 25,
          isAtMost: true,
          note: `of ${TABS_FEW}: ${(100 * few.unevenness).toFixed(0)} %`,
        },
      ];
    }),
};

/**
 * A consuming tab whose handler does nothing. Judged is the processor time of its main thread; by the clock its tasks
 * last longer on a machine of fewer cores than there are busy threads, which says nothing of the tab.
 * @type {import("./lab.mjs").ScaleCase}
 */
export const mainThread = {
  id: "main-thread",
  measure: (lab) =>
    lab.onStage(async (stage) => {
      const count = lab.messages / 10;
      const sender = await stage.openConnectedTab();
      const consumer = await stage.openConnectedTab();
      await share(sender, [consumer], count);
      const { spent } = await lab.inTurn({
        spent: () => stage.mainThread(consumer, () => share(sender, [consumer], count)),
      });
      const usEach = (/** @type {number} */ seconds) => (seconds * 1e6) / count;
      return [
        {
          what: "main thread of a consuming tab, each message, the handler doing nothing",
          value: usEach(spent.processor),
          unit: "µs",
          target: 10,
          isAtMost: true,
          note: `its tasks by the clock ${usEach(spent.clock).toFixed(1)} µs`,
        },
      ];
    }),
};
