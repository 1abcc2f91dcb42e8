// Every sample of the documentation that is TypeScript compiles against the public types, and what says that it runs is run.

import { describe, expect, test, vi } from "vitest";
import { openQueue } from "../../../src/index.js";
import { createOutbox } from "../../../src/outbox.js";
import { BESIDE, EVERYWHERE } from "./outside.js";
import { blocksOf, PAGES } from "./pages.js";
import { complaintsOf, openTab } from "./recipes.js";

/** Compiled and run elsewhere, with what each is given: cookbook.test.ts, test/frameworks. */
const ELSEWHERE = ["docs/cookbook.md", "docs/frameworks.md"];
/** What a decision quotes is of its day. */
const isToday = (page: string) => !page.startsWith("docs/decisions/") && !ELSEWHERE.includes(page);
const samples = PAGES.filter(isToday).flatMap((page) => blocksOf(page, "ts"));

test("every sample compiles", { timeout: 60_000 }, () => {
  expect(samples.length).toBeGreaterThan(40);
  const modules = samples.map(
    ({ name, code }) => [name, { code, declarations: `${BESIDE[name] ?? ""}\nexport {};` }] as const,
  );
  expect(complaintsOf(new Map(modules), EVERYWHERE)).toEqual([]);
});

describe("a sample that says so runs by itself", () => {
  const running = samples.filter(({ flags }) => flags.includes("runs"));
  test("several say so", () => expect(running.length).toBeGreaterThan(5));

  test.each(running)("$name", async ({ name, code }) => {
    const tab = await openTab(name);
    const { fetch } = globalThis;
    const outside = {
      console: { log: () => {}, warn: () => {} },
      document: { title: "" },
      fetch: async () => new Response(),
      ship: async () => {},
      expect,
      vi,
      openQueue,
      createOutbox,
    };
    try {
      await tab.run(code, outside);
      // What it has sent and handles itself is done with, at the first attempt.
      for (const { name } of await tab.connection.queues()) {
        const queue = await tab.connection.openQueue(name);
        if (code.includes(".consume(")) await queue.whenIdle();
        expect((await queue.stats()).totals).toMatchObject({ retried: 0, died: 0 });
      }
    } finally {
      globalThis.fetch = fetch;
      vi.useRealTimers();
      await tab.connection.close({ force: true });
    }
  });
});
