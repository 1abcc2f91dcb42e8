// `originmq serve`, as the package installs it: started, used by clients of the package, and ended by a signal.

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, inject, test } from "vitest";
import { ROOT } from "../../scripts/package-layout.mjs";
import { COMMANDS, HEALTHCHECK, UNIT } from "./documented.js";

const { app } = inject("packed");
const tool = (path: string) => join(ROOT, "node_modules", path);
const RUNTIMES: Readonly<Record<string, readonly [string, ...string[]]>> = {
  Node: [process.execPath],
  Deno: [tool(".bin/deno"), "run", "--allow-all"],
  Bun: [tool(".bin/bun"), "run"],
};
const COMMAND = join(app, "node_modules/originmq/dist/cli.js");

interface Running {
  readonly url: string;
  readonly token: string;
  readonly metrics: string;
  /** Resolves with all that it has printed and its exit code, once it has ended by SIGTERM. */
  end(): Promise<{ readonly printed: string; readonly code: number | null }>;
}

const running: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), "originmq-command-"));
afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function serve(runtime: string, ...args: string[]): Promise<Running> {
  const [program, ...own] = RUNTIMES[runtime] as readonly [string, ...string[]];
  const child = spawn(program, [...own, COMMAND, "serve", "--port", "0", "--metrics-port", "0", ...args], { cwd: app });
  running.push(child);
  let printed = "";
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return new Promise((resolve, reject) => {
    void ended.then((code) => reject(new Error(`ended with ${code}: ${printed}`)));
    const read = (chunk: Buffer) => {
      printed += chunk;
      const said = (what: string) => new RegExp(`^${what} +(.+)$`, "m").exec(printed)?.[1];
      const [url, token, metrics] = [said("queues"), said("token"), said("metrics")];
      if (url === undefined || token === undefined || metrics === undefined || !said("storage")) return;
      const end = async () => {
        child.kill("SIGTERM");
        return { code: await ended, printed };
      };
      resolve({ url, token, metrics, end });
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
  });
}

/** The client that the application has installed. */
const { openQueue } = await import(join(app, "node_modules/originmq/dist/index.js"));

test("without a folder it serves from memory, and prints address and token", async () => {
  const server = await serve("Node", "--memory");
  const orders = await openQueue("orders", { url: server.url, token: () => server.token });
  await orders.send({ sku: "tea" });
  const [delivery] = await orders.receive({ max: 1 });
  expect(delivery.body).toEqual({ sku: "tea" });
  await delivery.ack();
  expect(await (await fetch(server.metrics)).text()).toContain(
    'originmq_acked_total{database="shop",queue="orders"} 1',
  );
  expect(await (await fetch(new URL("/health", server.metrics))).text()).toBe("ok\ndatabases open: 1\n");
  const denied = openQueue("orders", { url: server.url, token: () => "guessed", lazy: false });
  await orders.close();
  await expect(denied).rejects.toMatchObject({ code: "denied" });
  expect(await server.end()).toMatchObject({ code: 0, printed: expect.stringMatching(/closing\nclosed\n$/) });
});

describe("with a folder, what was sent is there when it starts again, under the same token", () => {
  // Their packages have no binary for every platform.
  test.skipIf(!existsSync(tool(".bin/deno"))).each(["Deno", "Bun"])("%s", async (runtime) => {
    const directory = join(folder, runtime);
    const first = await serve(runtime, "--directory", directory);
    const queue = await openQueue("orders", { url: first.url, token: () => first.token });
    await queue.send("kept");
    await queue.close();
    expect(await first.end()).toMatchObject({ code: 0 });
    const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
    expect(modeOf(directory)).toBe("700");
    for (const name of readdirSync(directory)) expect([name, modeOf(join(directory, name))]).toEqual([name, "600"]);

    const file = join(directory, "token");
    const again = await serve(runtime, "--directory", directory, "--token-file", file);
    expect(again.token).toBe(`in ${file}`);
    const token = () => readFileSync(file, "utf8").trim();
    expect(token()).toBe(first.token);
    const same = await openQueue("orders", { url: again.url, token });
    expect((await same.peek({ max: 2 })).map(({ body }: { body: unknown }) => body)).toEqual(["kept"]);
    await same.close();
    expect(await again.end()).toMatchObject({ code: 0 });
  });
});

describe("what docs/edge.md says", () => {
  /** The server tells its ports by itself. */
  const isHealthy = (metrics: string) =>
    spawnSync("sh", ["-c", HEALTHCHECK.replace("7421", new URL(metrics).port)], { env: process.env }).status === 0;

  test.skipIf(!existsSync(tool(".bin/deno"))).each(Object.entries(COMMANDS))(
    "to start in %s keeps what it is sent, and is healthy for as long as it runs",
    async (name, [program, serves, ...args]) => {
      expect([program, serves]).toEqual([expect.stringMatching(/^(.*\/)?originmq$/), "serve"]);
      // In place of the folder that they own.
      const own = args.map((arg) => arg.replace(/^(\/data|\/var\/lib\/originmq)/, join(folder, name)));
      const server = await serve("Deno", ...own);
      const token = () => readFileSync(own[own.indexOf("--token-file") + 1] as string, "utf8").trim();
      const queue = await openQueue("orders", { url: server.url, token });
      await queue.send("kept");
      expect(isHealthy(server.metrics)).toBe(true);
      await queue.close();
      expect(await server.end()).toMatchObject({ code: 0 });
      expect(readdirSync(join(folder, name))).toContain("shop.sqlite");
      expect(isHealthy(server.metrics)).toBe(false);
    },
  );

  const systemd = (...args: string[]) => spawnSync("systemd-analyze", args, { encoding: "utf8" });
  test.skipIf(systemd("--version").status !== 0)("is a unit that systemd takes", () => {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "originmq.service");
    writeFileSync(file, UNIT.replace("/usr/local/bin/originmq", join(app, "node_modules/.bin/originmq")));
    const { status, stdout, stderr } = systemd("verify", file);
    // Other units of this machine are looked at, too.
    expect(`${stdout}${stderr}`.split("\n").filter((line) => line.includes("originmq"))).toEqual([]);
    expect(status).toBe(0);
  });
});

test("it says which version it is", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  expect(execFileSync(process.execPath, [COMMAND, "--version"], { encoding: "utf8" })).toBe(`${version}\n`);
});

test.each<[string[], RegExp, number]>([
  [["--prot", "1"], /--prot.*; there are --port/s, 2],
  [["--port", "70000"], /port must be an integer from 0 to 65535/, 2],
  [["--port", "none"], /--port takes a port/, 2],
  [["--memory", "--max-queues", "many"], /--max-queues takes a whole number/, 2],
  [["--memory", "--max-connections", "0"], /maxConnections must be/, 2],
  [["--memory", "--directory", "x"], /exclude each other/, 2],
])("what it is told wrongly is named: %j", async (args, message, code) => {
  const refused = serve("Node", ...args);
  await expect(refused).rejects.toThrow(message);
  await expect(refused).rejects.toThrow(`ended with ${code}`);
});
