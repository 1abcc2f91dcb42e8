// A server that is started by a command as one types it, with everything that it starts in turn.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { freePort } from "./ports.js";

export interface Where {
  readonly folder: string;
  /** Beside those of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface Serving {
  /** Ends with a slash. */
  readonly address: string;
  /** Resolves once all of it is gone. */
  end(): Promise<void>;
}

/** Within which a server answers that is started on a busy machine. */
const STARTED_MS = 300_000;
const isWindows = process.platform === "win32";

/** What a test runner tells a process about itself would make a build for tests of what is built. */
const OF_RUNNER = /^(NODE_ENV|VITEST.*|TEST|DEV|PROD|MODE|SSR|BASE_URL)$/;
const outside = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OF_RUNNER.test(name)));

function start(command: string, { folder, env }: Where): { child: ChildProcess; said(): string } {
  const child = spawn(command, {
    cwd: folder,
    shell: true,
    detached: !isWindows,
    // Nobody is there to be asked, or to be shown colours.
    env: { ...outside, NO_COLOR: "1", FORCE_COLOR: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (data) => {
      said += data;
    });
  }
  return { child, said: () => said };
}

/** Runs a command to its end. Rejects with what it said when it fails. */
export async function run(command: string, where: Where): Promise<void> {
  const { child, said } = start(command, where);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${command} has ended with ${code}:\n${said()}`);
}

/** Runs a command that serves at PORT, a free one, and resolves once it answers there. Rejects when it ends before that. */
export async function serveBy(command: string, where: Where): Promise<Serving> {
  const port = await freePort();
  const address = `http://localhost:${port}/`;
  const { child, said } = start(command.replace("PORT", String(port)), where);
  const ended = once(child, "exit");
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const end = async () => {
    if (isOver) return;
    if (isWindows || child.pid === undefined) child.kill();
    else process.kill(-child.pid, "SIGKILL");
    await ended;
  };
  const lateAt = Date.now() + STARTED_MS;
  while (!(await answersAt(address))) {
    if (isOver) throw new Error(`${command} has ended:\n${said()}`);
    if (Date.now() > lateAt) {
      await end();
      throw new Error(`${command} does not answer:\n${said()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { address, end };
}

const answersAt = (address: string): Promise<boolean> =>
  fetch(address, { signal: AbortSignal.timeout(30_000) }).then(
    (response) => response.ok,
    () => false,
  );
