// Where a run was made: figures mean little without it.

import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";

/**
 * @typedef {object} Machine
 * @property {string} browser
 * @property {string} system
 * @property {string} processor
 * @property {number} cores
 * @property {number} memoryGiB
 * @property {number} loadBefore of the last minute, before the run: above 0.5 something else was running
 */

/** @param {string} browser @returns {Machine} */
export const describeMachine = (browser) => ({
  browser,
  system: `${type()} ${release().split("-")[0]}`,
  processor: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  loadBefore: loadavg()[0] ?? 0,
});

/** @param {Machine} machine */
export const machineLine = ({ browser, system, processor, cores, memoryGiB, loadBefore }) =>
  `${browser}, ${system}, ${cores} cores (${processor}), ${memoryGiB} GiB, load before the run ${loadBefore.toFixed(1)}`;
