// Messages that are not alike, against as many that are. Each kind in a browser of its own, warmed up with a few of the
// same kind, or one kind would pay for what another left behind.

import { setTimeout as sleep } from "node:timers/promises";
import { perSecond } from "./lab.mjs";

const TARGET = 0.6;
/** A queue in which each group has so many messages. */
const GROUP_SIZE = 10;
/** Time from one delayed message to the next one: less than it takes to consume one. */
const SPREAD_US = 5;

/**
 * @typedef {import("./lab.mjs").Lab} Lab
 * @typedef {import("./lab.mjs").Load} Load
 * @typedef {import("./lab.mjs").ScaleCase} ScaleCase
 */

/** From one tab to another, sent and consumed at the same time. @param {Lab} lab @param {Load} load */
const endToEnd = (lab, load) =>
  lab.onStage(async (stage) => {
    const sender = await stage.openConnectedTab();
    const consumer = await stage.openConnectedTab();
    await consumer.evaluate(() => scale.startConsuming());
    await sender.evaluate((few) => scale.sendUntilIdle(few), { ...load, count: load.count / 20 });
    return sender.evaluate((all) => scale.sendUntilIdle(all), load);
  });

/** @type {ScaleCase} */
export const unlike = {
  id: "unlike",
  async measure(lab) {
    const count = lab.messages;
    const groups = count / GROUP_SIZE;
    const { plain, ...others } = await lab.inTurn({
      plain: () => endToEnd(lab, { kind: "plain", count }),
      groups: () => endToEnd(lab, { kind: "groups", count, groups }),
      priorities: () => endToEnd(lab, { kind: "priorities", count }),
    });
    const of = count.toLocaleString("en");
    /** @param {string} what @param {{ us: number }} cost @returns {import("./lab.mjs").Figure} */
    const figure = (what, cost) => ({
      what: `${of} ${what}, end to end, of plain`,
      value: plain.us / cost.us,
      unit: "times",
      target: TARGET,
      note: `${perSecond(cost.us)}, ${perSecond(plain.us)}`,
    });
    return [
      figure(`in ${groups.toLocaleString("en")} groups`, others.groups),
      figure("of ten priorities", others.priorities),
    ];
  },
};

/**
 * First all are sent, then all are consumed; microseconds a message for either. With delays in between nobody could say
 * how much of the time was spent waiting.
 * @param {Lab} lab @param {Load} load
 */
const sendThenConsume = (lab, load) =>
  lab.onStage(async (stage) => {
    const sender = await stage.openConnectedTab();
    const consumer = await stage.openConnectedTab();
    const few = load.count / 20;
    await sender.evaluate((n) => scale.send({ kind: "plain", count: n }), few);
    await consumer.evaluate((n) => scale.consume(n), few);
    const dueFrom = Date.now() + ("delayMs" in load ? load.delayMs : 0);
    const sent = await sender.evaluate((all) => scale.send(all), load);
    await sleep(dueFrom - Date.now());
    const consumed = await consumer.evaluate((n) => scale.consume(n), load.count);
    return { sent: sent.us, consumed: consumed.us };
  });

/**
 * Consuming begins when the first one is due, the others become due meanwhile, quicker than they can be consumed: it is
 * work that is measured, not the time until then.
 * @param {{ id: string, kind: "ten-delays" | "random-delays", label: string, divisor: number, consumedTarget: number }} options
 * @returns {ScaleCase}
 */
const delayedBy = ({ id, kind, label, divisor, consumedTarget }) => ({
  id,
  async measure(lab) {
    const count = lab.messages / divisor;
    let delayMs = 0;
    const us = await lab.inTurn({
      plain: async () => {
        const plain = await sendThenConsume(lab, { kind: "plain", count });
        // Time enough to send all before the first is due, if sending them is not four times as slow.
        delayMs = 2_000 + (4 * plain.sent * count) / 1_000;
        return plain;
      },
      delayed: () => sendThenConsume(lab, { kind, count, delayMs, spreadMs: (SPREAD_US * count) / 1_000 }),
    });
    /** @param {string} what @param {"sent" | "consumed"} phase @param {number} target @returns {import("./lab.mjs").Figure} */
    const figure = (what, phase, target) => ({
      what: `${count.toLocaleString("en")} ${label}, ${what}, of plain`,
      value: us.plain[phase] / us.delayed[phase],
      unit: "times",
      target,
      note: `${perSecond(us.delayed[phase])}, ${perSecond(us.plain[phase])}`,
    });
    return [figure("sent", "sent", TARGET), figure("due and consumed", "consumed", consumedTarget)];
  },
});

/** As an application delays: by one of ten times, while it goes on sending. */
export const delayed = delayedBy({
  id: "delayed",
  kind: "ten-delays",
  label: "delayed",
  divisor: 1,
  consumedTarget: TARGET,
});

/**
 * Neighbours become due at any time: every body is read from among all. Fewer, since with many more than the host keeps
 * in memory the time grows with their square.
 */
export const delayedAtRandom = delayedBy({
  id: "delayed-at-random",
  kind: "random-delays",
  label: "delayed at random",
  divisor: 10,
  consumedTarget: 0.7,
});
