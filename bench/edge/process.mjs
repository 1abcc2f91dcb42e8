// A process of the benchmark, and how it is asked. Invariant: none outlives the one that measures.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * @typedef {object} Program
 * @property {<T = any>(what: string, argument?: unknown) => Promise<T>} ask rejects with what went wrong there
 * @property {number} pid
 * @property {() => Promise<void>} end
 */

/**
 * Resolves once it listens.
 * @param {string} runtime @param {readonly string[]} args
 * @returns {Promise<Program>}
 */
export async function startProgram(runtime, args) {
  const child = spawn(runtime, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  /** @type {Map<number, { resolve(value: any): void, reject(reason: Error): void }>} */
  const waiting = new Map();
  let last = 0;
  /** @param {Error} reason */
  const fail = (reason) => {
    for (const { reject } of waiting.values()) reject(reason);
  };
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.once("error", fail);
  child.once("exit", (code, signal) => fail(new Error(`${args.at(-1)} has ended: ${signal ?? code}`)));
  /** @param {number} id @returns {Promise<any>} */
  const answerTo = (id) =>
    new Promise((resolve, reject) => void waiting.set(id, { resolve, reject })).finally(() => waiting.delete(id));
  const isReady = answerTo(0);
  child.on("message", (/** @type {{ id: number, value?: unknown, error?: string }} */ { id, value, error }) => {
    if (error === undefined) waiting.get(id)?.resolve(value);
    else waiting.get(id)?.reject(new Error(error));
  });
  await isReady;
  return {
    pid: child.pid ?? 0,
    ask(what, argument) {
      const id = ++last;
      child.send({ id, ask: what, argument });
      return answerTo(id);
    },
    async end() {
      child.kill();
      await ended;
    },
  };
}

/** Of a process, on Linux. @param {number} pid */
export const residentBytes = (pid) =>
  1_024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
