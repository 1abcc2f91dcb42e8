// What `openQueue` does in Node as it is, with a browser's globals on top of it, and on a server that renders a page.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterEach, describe, expect, test, vi } from "vitest";
import { connect, openQueue, openTopic } from "../../../src/index.js";

afterEach(() => vi.unstubAllGlobals());

class Untouched {
  constructor() {
    throw new Error("a worker was started");
  }
}

describe("in memory", () => {
  test.each([
    ["no browser's globals", {}],
    ["a Worker, as Deno has it and test environments stub it", { Worker: Untouched }],
    ["a SharedWorker and locks", { Worker: Untouched, SharedWorker: Untouched, navigator: { locks: {} } }],
    ["a document", { document: {}, window: {}, Worker: Untouched }],
    ["neither locks nor channels, as in Bun", { Worker: Untouched, navigator: {}, BroadcastChannel: undefined }],
  ])("the host is in the process with %s", async (_, globals) => {
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    if ("document" in globals)
      vi.stubGlobal("document", Object.assign(new EventTarget(), { visibilityState: "visible" }));
    if ("window" in globals) vi.stubGlobal("window", new EventTarget());
    const connection = await connect({ storage: "memory", database: `elsewhere-${Object.keys(globals).join("-")}` });
    expect(connection.host?.kind).toBe("in-process");
    const queue = await connection.openQueue<number>("q");
    await queue.send(1);
    expect((await queue.receive({ waitMs: 2_000 })).map(({ body }) => body)).toEqual([1]);
    await connection.close({ force: true });
  });
});

describe("durable, on a server", () => {
  test("is refused in words that say where and what to do", async () => {
    for (const opening of [openQueue("q"), openTopic("t"), connect()]) {
      await expect(opening).rejects.toMatchObject({
        code: "unsupported",
        message: expect.stringMatching(/on a server.*effect.*"memory"/s),
      });
    }
  });

  test("ends no process when nobody waits for it, and hides no other failure", async () => {
    const entry = fileURLToPath(new URL("../../../src/index.ts", import.meta.url));
    const run = async (code: string) => {
      const { outputFiles } = await build({
        stdin: {
          contents: `import { openQueue } from ${JSON.stringify(entry)};\n${code}`,
          resolveDir: import.meta.dirname,
        },
        bundle: true,
        platform: "node",
        format: "esm",
        write: false,
      });
      const input = outputFiles[0]?.text ?? "";
      return spawnSync(process.execPath, ["--input-type=module"], { input, encoding: "utf8", timeout: 15_000 });
    };
    const opened = await run('openQueue("q"); setTimeout(() => console.log("lives"), 50);');
    expect([opened.status, opened.stdout]).toEqual([0, "lives\n"]);
    const failed = await run('openQueue("q", { nonsense: 1 }); setTimeout(() => console.log("lives"), 50);');
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain("nonsense");
  });
});

describe("a signal", () => {
  test("that aborts rejects with its reason, the connection open or not", async () => {
    const options = { storage: "memory", database: "signals" } as const;
    const reason = new Error("enough");
    const first = await openQueue("q", options);
    await expect(openQueue("q", { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(openTopic("t", { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const late = new AbortController();
    const opening = openQueue("q", { ...options, signal: late.signal });
    late.abort(reason);
    await expect(opening).rejects.toBe(reason);
    await first.close();
  });
});
