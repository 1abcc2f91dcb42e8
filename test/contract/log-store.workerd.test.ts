// The store on SQLite passes the contract in a Durable Object, under workerd: each test of the suite that ran there is one
// here.

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, assert, expect, test } from "vitest";
import { createHearing, type Found } from "./kill-writer.js";
import { bundleWorker, startWorkerd } from "./workerd/run-workerd.js";
import type { Outcome } from "./workerd/vitest.js";

const folder = mkdtempSync(join(tmpdir(), "originmq-"));
await bundleWorker(folder);
let running = await startWorkerd(folder);
afterAll(async () => {
  await kill();
  rmSync(folder, { recursive: true });
});

async function kill(): Promise<void> {
  const ended = once(running.process, "exit");
  running.process.kill("SIGKILL");
  await ended;
}

const response = await fetch(`${running.url}contract`);
const outcomes: Outcome[] = response.ok
  ? await response.json()
  : [{ title: "the suite runs", error: await response.text() }];

test.each(outcomes.map(({ title, error }) => [title, error]))("%s", (_, error) => {
  expect(error).toBeUndefined();
});

test("what an object had confirmed when its runtime was killed is there, whole, and the next goes on", async () => {
  const hearing = createHearing();
  for (const commits of [1, 33, 60]) {
    const { body } = await fetch(`${running.url}write?object=killed`);
    assert(body !== null);
    const enough = hearing.committed.size + commits;
    let begun = "";
    for await (const text of body.pipeThrough(new TextDecoderStream())) {
      const lines = `${begun}${text}`.split("\n");
      begun = lines.pop() ?? "";
      for (const line of lines) hearing.hear(JSON.parse(line));
      if (hearing.committed.size >= enough) break;
    }
    expect(hearing.committed.size).toBeGreaterThanOrEqual(enough);
    await kill();
    running = await startWorkerd(folder);
    const found = await fetch(`${running.url}find?object=killed`);
    expect(hearing.faultsOf((await found.json()) as Found)).toEqual([]);
  }
});
