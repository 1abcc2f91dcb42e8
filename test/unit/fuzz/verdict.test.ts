// `npm run fuzz` as a process: what it says, and when.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** To bundle and to start, on a busy machine. */
const PATIENCE_MS = 60_000;
const running = new Set<ReturnType<typeof fuzz>["child"]>();

function fuzz(...args: readonly string[]) {
  const child = spawn(process.execPath, ["test/fuzz/guided.mjs", "--target", ...args], { cwd: ROOT });
  running.add(child);
  let said = "";
  const hear = (data: unknown) => {
    said += data;
  };
  for (const stream of [child.stdout, child.stderr]) stream.on("data", hear);
  return { child, said: () => said, exit: once(child, "exit") };
}

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
});

test(
  "a fault is told at once, with a file that has its input, and who ends the run hears the verdict",
  async () => {
    const { child, said, exit } = fuzz("planted", "--minutes", "60");
    await expect.poll(said, { timeout: PATIENCE_MS }).toMatch(/✗ planted: TypeError[\s\S]+kept in test-results\/fuzz-/);
    child.kill("SIGTERM");
    expect(await exit).toEqual([1, null]);
    expect(said()).toMatch(/ended by SIGTERM after \S+ minutes: \d+ messages .+ [1-9]\d* faults \(seed \d+\)\n$/);
  },
  PATIENCE_MS,
);

test(
  "so many messages are enough, and a run that was ended before is told from one that was not",
  async () => {
    const whole = fuzz("codec", "--messages", "3000");
    const ended = fuzz("codec", "--messages", "1e12");
    expect(await whole.exit, whole.said()).toEqual([0, null]);
    const [, messages] = /^after .+: (\d+) messages .+ 0 faults/m.exec(whole.said()) ?? [];
    expect(Number(messages)).toBeGreaterThanOrEqual(3_000);
    await expect.poll(ended.said, { timeout: PATIENCE_MS }).toContain("seed");
    ended.child.kill("SIGINT");
    expect(await ended.exit).toEqual([130, null]);
    expect(ended.said()).toMatch(/ended by SIGINT after .+: \d+ messages .+ 0 faults/);
  },
  PATIENCE_MS,
);
