// What the cases share: how many messages, rounds that take turns, stages that are closed again.

import { setTimeout as sleep } from "node:timers/promises";
import { mediansOf } from "../rounds.mjs";
import { openStage } from "./stage.mjs";

/** Between two measurements: what the last one left to do in the background is over by then. */
const PAUSE_MS = 500;

/**
 * @typedef {import("../pages/scale/loads.js").Load} Load
 * @typedef {import("./stage.mjs").Stage} Stage
 *
 * @typedef {object} Figure
 * @property {string} what
 * @property {number} value
 * @property {"times" | "ms" | "bytes" | "µs" | "%" | ""} unit
 * @property {number} target
 * @property {boolean} [isAtMost] the target is not to be exceeded; else it is to be reached
 * @property {string} note what the figure was made of
 *
 * @typedef {object} ScaleCase
 * @property {string} id
 * @property {(lab: Lab) => Promise<Figure[]>} measure
 *
 * @typedef {ReturnType<typeof createLab>} Lab
 */

/**
 * @param {import("../browser.mjs").Site} site
 * @param {{ messages: number, rounds: number, say: (line: string) => void }} options
 */
export function createLab(site, { messages, rounds, say }) {
  return {
    messages,
    rounds,
    say,

    /** @template T @param {(stage: Stage) => Promise<T>} work @returns {Promise<T>} */
    async onStage(work) {
      const stage = await openStage(site);
      try {
        return await work(stage);
      } finally {
        await stage.close();
      }
    },

    /**
     * Measures each of them in turn, round by round, so that what slows the machine for a while slows all of them.
     * @template {Record<string, () => Promise<Record<string, number>>>} Works
     * @param {Works} works
     * @returns {Promise<{ [Name in keyof Works]: Awaited<ReturnType<Works[Name]>> }>} the medians of what they return
     */
    async inTurn(works) {
      const results = Object.entries(works).map(([name, work]) => ({
        name,
        work,
        measured: /** @type {Record<string, number>[]} */ ([]),
      }));
      for (let round = 1; round <= rounds; round++) {
        for (const { name, work, measured } of results) {
          say(`${name}, round ${round} of ${rounds}`);
          measured.push(await work());
          await sleep(PAUSE_MS);
        }
      }
      return /** @type {any} */ (Object.fromEntries(results.map(({ name, measured }) => [name, mediansOf(measured)])));
    },
  };
}

/** @param {number} us a message */
export const perSecond = (us) => `${Math.round(1e6 / us).toLocaleString("en")}/s`;
