// The example of a Worker with its queues in a Durable Object, as its README says to run it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const processes: ChildProcess[] = [];
afterAll(async () => {
  for (const child of processes.reverse()) {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  }
});

/** Resolves with its first lines. */
async function run(args: readonly string[], count: number, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const child = spawn(process.execPath, ["examples/run.mjs", ...args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  processes.push(child);
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error(`${args[0]} has ended: ${lines.join("\n")}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (lines.push(line) === count) resolve(lines);
    });
  });
}

test("orders that a Worker takes are prepared by a kitchen elsewhere, and the Worker hands each out once", async () => {
  const [said = "", key = ""] = await run(["durable-object", "--port", "0"], 2);
  const site = said.replace("the Worker is at ", "");
  await run(["kitchen", "--site", site], 1, { KITCHEN_KEY: key.replace("KITCHEN_KEY=", "") });
  const drinks = Array.from({ length: 20 }, (_, n) => `tea ${n}`);
  const taken = await Promise.all(
    drinks.map(async (drink) => {
      const response = await fetch(`${site}/orders`, { method: "POST", body: JSON.stringify({ drink }) });
      expect(response.status).toBe(202);
      return { drink, order: (await response.json()).id };
    }),
  );
  const ready: typeof taken = [];
  await expect
    .poll(async () => {
      ready.push(...(await (await fetch(`${site}/ready`)).json()));
      return ready.length;
    })
    .toBeGreaterThanOrEqual(drinks.length);
  expect(new Map(ready.map(({ order, drink }) => [order, drink]))).toEqual(
    new Map(taken.map(({ order, drink }) => [order, drink])),
  );
  expect(ready).toHaveLength(drinks.length);
});

test("who does not know the kitchen's key is let in neither for a token nor with one of its own", async () => {
  const [said = ""] = await run(["durable-object", "--port", "0"], 1);
  const site = said.replace("the Worker is at ", "");
  expect((await fetch(`${site}/kitchen-token`, { method: "POST" })).status).toBe(403);
  const { connect } = await import("../../src/index.js");
  const own = connect({ url: `${site.replace("http:", "ws:")}/mq/cafe`, token: () => "eyJ9.e30=" });
  await expect(own).rejects.toMatchObject({ code: "denied" });
});
