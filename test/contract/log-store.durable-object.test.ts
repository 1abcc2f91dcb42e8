// The store on SQLite passes the contract in a Durable Object, under workerd: each test of the suite that ran there is one
// here.

import { afterAll, assert, expect, test } from "vitest";
import { startWorkerd } from "../../scripts/workerd.mjs";
import type { Outcome } from "../edge/vitest.js";
import { createHearing, type Found } from "./kill-writer.js";

const workerd = await startWorkerd("test/edge/store-worker.ts", { alias: { vitest: "./test/edge/vitest.ts" } });
afterAll(() => workerd.close());

const ask = (path: string) => fetch(`${workerd.httpUrl}/${path}`);

const response = await ask("contract");
const outcomes: Outcome[] = response.ok
  ? await response.json()
  : [{ title: "the suite runs", error: await response.text() }];

test("the suite ran, and not a part of it", () => {
  expect(outcomes.length).toBeGreaterThan(80);
});

test.each(outcomes.map(({ title, error }) => [title, error]))("%s", (_, error) => {
  expect(error).toBeUndefined();
});

test("what an object had confirmed when its runtime was killed is there, whole, and the next goes on", async () => {
  const hearing = createHearing();
  for (const commits of [1, 33, 60]) {
    const { body } = await ask("write?object=killed");
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
    await workerd.kill();
    await workerd.restart();
    const found = await ask("find?object=killed");
    expect(hearing.faultsOf((await found.json()) as Found)).toEqual([]);
  }
});
