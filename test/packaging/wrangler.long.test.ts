// The Worker of docs/edge.md with its configuration, as `wrangler dev` runs it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, inject, test } from "vitest";
import { wrangler } from "../../scripts/runtimes.mjs";
import { WORKER, WRANGLER } from "./documented.js";

const { app } = inject("packed");
// Below the application, so that it finds the package.
const folder = join(app, "worker");
let running: ChildProcess | undefined;
afterAll(async () => {
  if (running?.exitCode === null) {
    const ended = once(running, "exit");
    running.kill("SIGTERM");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

/** Resolves with the address on which it says that it is ready. */
async function startWrangler(): Promise<string> {
  const [program = "", ...args] = wrangler();
  const options = ["dev", "--local", "--port", "0", "--show-interactive-dev-session=false"];
  const env = { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false" };
  const child = spawn(program, [...args, ...options], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  running = child;
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    const [url] = /http:\/\/\S+:[1-9]\d*/.exec(line) ?? [];
    if (url !== undefined && line.includes("Ready")) {
      child.stdout.resume();
      return url;
    }
  }
  throw new Error(`wrangler has ended:\n${said.join("\n")}`);
}

test("the documented Worker runs as it is configured: who may come in sends and consumes, and nobody else", async () => {
  mkdirSync(folder);
  writeFileSync(join(folder, "wrangler.jsonc"), WRANGLER);
  const tillOf = `
async function tillOf(token: string | undefined, database: string) {
  return token === "letmein" ? { name: \`till of \${database}\` } : undefined;
}
`;
  writeFileSync(join(folder, "worker.ts"), `${WORKER}${tillOf}`);
  const { openQueue } = await import(join(app, "node_modules/originmq/dist/index.js"));
  const url = `${(await startWrangler()).replace("http", "ws")}/mq/shop`;
  const orders = await openQueue("orders", { url, token: () => "letmein" });
  await orders.send({ sku: "tea" });
  const [delivery] = await orders.receive({ waitMs: 10_000 });
  expect(delivery.body).toEqual({ sku: "tea" });
  await delivery.ack();
  await orders.close();
  const denied = openQueue("orders", { url, token: () => "guessed", lazy: false });
  await expect(denied).rejects.toMatchObject({ code: "denied" });
});
