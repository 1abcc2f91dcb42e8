// The search through a queue's messages, over a real queue in memory.

import { afterEach, expect, test } from "vitest";
import { type Connection, connect } from "../../../../src/index.js";
import { type Line, search } from "../../../../src/integrations/inspector/search.js";

let connection: Connection | undefined;
afterEach(() => connection?.close({ force: true }));

async function filled(count: number) {
  connection = await connect({ storage: "memory" });
  const queue = await connection.openQueue<{ n: number; even: boolean }>("q", { maxDeliveries: 1 });
  await queue.sendBatch(Array.from({ length: count }, (_, n) => ({ body: { n, even: n % 2 === 0 } })));
  return queue;
}

test("every message is looked at once, page by page, and what is found is a line that reads its message again", async () => {
  const queue = await filled(1_300);
  const [taken] = await queue.receive({ max: 1 });
  await taken?.deadLetter("no");
  const asked = { text: '"even":true', place: "body", state: undefined, counts: await queue.stats() } as const;
  const lines: Line[] = [];
  const searched: number[] = [];
  for await (const step of search(queue, asked)) {
    lines.push(...step.found);
    searched.push(step.searched);
  }
  expect(searched).toEqual([500, 1_000, 1_299, 1_300]);
  expect(lines).toHaveLength(650);
  expect(lines.some((line) => "body" in line)).toBe(false);
  expect(lines.at(-1)).toMatchObject({ state: "dead", glance: 'no · {"n":0,"even":true}' });
  for (const [line, n] of [
    [lines[0], 2],
    [lines[300], 602],
    [lines[649], 0],
  ] as const)
    expect(await line?.read()).toMatchObject({ body: { n } });
  await queue.purge({ ids: [lines[300]?.id ?? ""] });
  expect(await lines[300]?.read()).toBeUndefined();
});

test("no page is read before it is asked for, and one state alone is looked through", async () => {
  const queue = await filled(1_200);
  const counts = await queue.stats();
  let peeks = 0;
  const peek: typeof queue.peek = (options) => {
    peeks++;
    return queue.peek(options);
  };
  const steps = search({ ...queue, peek }, { text: "n", place: "body", state: "ready", counts });
  expect((await steps.next()).value).toMatchObject({ searched: 500 });
  expect(peeks).toBe(1);
  await steps.return(undefined);
  expect(peeks).toBe(1);
  for await (const _ of search(queue, { text: "n", place: "body", state: "dead", counts }))
    throw new Error("none is dead");
});

test("what pours in behind it does not keep a search from its end", async () => {
  const queue = await filled(600);
  const counts = await queue.stats();
  let steps = 0;
  for await (const { searched } of search(queue, { text: "n", place: "body", state: "ready", counts })) {
    steps++;
    expect(searched).toBeLessThanOrEqual(1_000);
    await queue.sendBatch(Array.from({ length: 600 }, () => ({ body: { n: -1, even: false } })));
  }
  expect(steps).toBe(2);
});
