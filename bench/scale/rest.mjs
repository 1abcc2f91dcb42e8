// What a queue costs while nothing happens to it, and what is left behind in memory by all that happens in a day.

import { setTimeout as sleep } from "node:timers/promises";

/** Of the case with a million messages: ten minutes. */
const IDLE_MS_A_MESSAGE = 0.6;
/** What a tab and its host do after the last message, such as deleting it and looking whether the other is there, is over. */
const COME_TO_REST_MS = 20_000;
const A_SECOND = 50;
const DAY_S = 86_400;

/** @typedef {import("./lab.mjs").ScaleCase} ScaleCase */

/** A tab that sends, and one whose handler does nothing. @param {import("./stage.mjs").Stage} stage */
async function openPair(stage) {
  const sender = await stage.openConnectedTab();
  const consumer = await stage.openConnectedTab();
  await consumer.evaluate(() => scale.startConsuming());
  return { sender, consumer };
}

/** @type {ScaleCase} */
export const idle = {
  id: "idle",
  measure: (lab) =>
    lab.onStage(async (stage) => {
      const { sender } = await openPair(stage);
      await sender.evaluate(() => scale.sendUntilIdle({ kind: "plain", count: 1_000 }));
      await sleep(COME_TO_REST_MS);
      const idleMs = lab.messages * IDLE_MS_A_MESSAGE;
      lab.say(`${(idleMs / 1_000).toFixed(0)} s of nothing`);
      const { pages, worker } = await stage.scriptsRun(() => sleep(idleMs));
      const minutes = idleMs / 60_000;
      const span = `in ${minutes.toFixed(minutes < 1 ? 1 : 0)} minutes`;
      const atMost = /** @type {const} */ ({ isAtMost: true });
      return [
        {
          what: `idle queue: calls of two pages' scripts ${span}`,
          value: pages.calls,
          unit: "",
          target: 0,
          ...atMost,
          note: "",
        },
        {
          what: "idle queue: calls of the worker's script a minute",
          value: worker.calls / minutes,
          unit: "",
          target: 1,
          ...atMost,
          note: `${worker.calls} ${span}`,
        },
        {
          what: `idle queue: processor time of all of them ${span}`,
          value: pages.processorMs + worker.processorMs,
          unit: "ms",
          target: 20,
          ...atMost,
          note: "",
        },
      ];
    }),
};

/**
 * A day of 50 messages a second: as many, one by one, as fast as it goes. But for the first minute: its messages are sent each
 * after the last was durable, a commit each, as they are at 50 a second. A few commits for all of them would compare a
 * host that has hardly run with one that has.
 * @type {ScaleCase}
 */
export const steady = {
  id: "steady",
  measure: (lab) =>
    lab.onStage(async (stage) => {
      const { sender, consumer } = await openPair(stage);
      const pass = async (/** @type {number} */ count, /** @type {number} */ inFlight = 500) => {
        await sender.evaluate(([n, most]) => scale.sendSingly(n, most), /** @type {const} */ ([count, inFlight]));
        await sender.evaluate(() => scale.untilIdle());
      };
      const heaps = async () => ({
        host: await stage.hostHeap(),
        sender: await stage.tabHeap(sender),
        consumer: await stage.tabHeap(consumer),
      });
      await pass(60 * A_SECOND, 1);
      const first = await heaps();
      const count = Math.round((DAY_S * A_SECOND * lab.messages) / 1e6);
      const pieces = 20;
      for (let piece = 1; piece <= pieces; piece++) {
        lab.say(`${piece} of ${pieces}`);
        await pass(count / pieces);
      }
      const last = await heaps();
      const names = /** @type {const} */ ({
        host: "the host",
        sender: "the sending tab",
        consumer: "the consuming tab",
      });
      const mib = (/** @type {number} */ bytes) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
      return /** @type {(keyof typeof names)[]} */ (Object.keys(names)).map((of) => ({
        what: `heap of ${names[of]} after ${count.toLocaleString("en")} messages one by one, of after the first 3,000`,
        value: last[of] / first[of],
        unit: "times",
        target: 1.1,
        isAtMost: true,
        note: `${mib(last[of])}, ${mib(first[of])}`,
      }));
    }),
};
