// Clients in processes of their own: with a clock that is wrong, or to be killed.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Report } from "../faults/page/lab.js";
import type { Device } from "./device.js";
import type { Recorder } from "./recorder.js";
import { commandOf } from "./server-process.js";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));

export interface DeviceProcess {
  readonly name: string;
  readonly pid: number;
  /** Runs there; it sees nothing but its arguments. */
  evaluate<T, Argument = undefined>(
    run: (device: Device, argument: Argument) => T | Promise<T>,
    argument?: Argument,
  ): Promise<T>;
  /** Ends it without a word. What it reported before is in the history. */
  kill(): Promise<void>;
}

export interface DeviceProcessOptions {
  readonly name: string;
  readonly url: string;
  readonly token?: string;
  /** Its clock is ahead by so much, or behind where negative. */
  readonly shiftMs?: number;
}

/** Resolves once its queue is open. `folder`: where its script lies, of `folderFor`. */
export async function startDevice(
  recorder: Recorder,
  { name, url, token, shiftMs = 0 }: DeviceProcessOptions,
  folder: string,
): Promise<DeviceProcess> {
  const [file = "", ...args] = commandOf("device-child.ts", folder);
  const child = spawn(file, [...args, name, url, ...(token === undefined ? [] : [token])], {
    cwd: PACKAGE,
    env: { ...process.env, ORIGINMQ_SHIFT_MS: String(shiftMs) },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const answers = new Map<number, (answer: { value?: unknown; error?: string }) => void>();
  let asked = 0;
  const ready = new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the device ${name} has ended with ${code}`)));
    child.on(
      "message",
      (message: { report?: Report; ready?: true; number?: number; value?: unknown; error?: string }) => {
        if (message.report) recorder.take(name, message.report);
        else if (message.ready) resolve();
        else answers.get(message.number as number)?.(message);
      },
    );
  });
  const killAtExit = () => void child.kill("SIGKILL");
  process.once("exit", killAtExit);
  await ready;
  return {
    name,
    pid: child.pid as number,
    evaluate<T, Argument>(run: (device: Device, argument: Argument) => T | Promise<T>, argument?: Argument) {
      const number = ++asked;
      return new Promise<T>((resolve, reject) => {
        answers.set(number, ({ value, error }) => {
          answers.delete(number);
          if (error === undefined) resolve(value as T);
          else reject(new Error(`${name}: ${error}`));
        });
        child.send({ number, source: run.toString(), argument });
      });
    },
    async kill() {
      process.off("exit", killAtExit);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const drained = once(child, "close");
      child.kill("SIGKILL");
      await drained;
    },
  };
}
