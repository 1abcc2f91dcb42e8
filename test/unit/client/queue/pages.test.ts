import { afterEach, describe, expect, test } from "vitest";
import type { Queue } from "../../../../src/index.js";
import { type Hosts, startHosts } from "../client-fixture.js";
import { asEarlierHost } from "../earlier-host.js";

const opened: Hosts[] = [];
const open = async (...args: Parameters<Hosts["connect"]>) => {
  const hosts = await startHosts();
  opened.push(hosts);
  return hosts.connect(...args).connection.openQueue<number>("q");
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((hosts) => hosts.close()));
});

const fill = (queue: Queue<number>, count: number) =>
  queue.sendBatch(Array.from({ length: count }, (_, body) => ({ body })));
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

describe("pages", () => {
  test("of a queue come in order, each as long as was asked for", async () => {
    const queue = await open();
    await fill(queue, 25);
    const pages: number[][] = [];
    for await (const page of queue.peekPages({ pageSize: 10 })) pages.push(page.map(({ body }) => body));
    expect(pages.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(pages.flat()).toEqual(numbers(25));
  });

  test("of messages in one state hold no others", async () => {
    const queue = await open();
    await fill(queue, 5);
    await queue.receive({ max: 2 });
    const bodies: number[] = [];
    for await (const page of queue.peekPages({ state: "leased", pageSize: 1 })) bodies.push(page[0]?.body as number);
    expect(bodies).toEqual([0, 1]);
  });

  test("go on after a message that has gone meanwhile", async () => {
    const queue = await open();
    await fill(queue, 9);
    const bodies: number[] = [];
    for await (const page of queue.peekPages({ pageSize: 3 })) {
      bodies.push(...page.map(({ body }) => body));
      for (const delivery of await queue.receive({ max: 3 })) await delivery.ack();
    }
    expect(bodies).toEqual(numbers(9));
  });

  test("of dead letters show each once, whichever are sent back meanwhile", async () => {
    const queue = await open();
    await fill(queue, 20);
    for (const delivery of await queue.receive({ max: 20 })) await delivery.deadLetter("no");
    const bodies: number[] = [];
    for await (const page of queue.deadLetters.pages({ pageSize: 5 })) {
      bodies.push(...page.map(({ body }) => body));
      await queue.deadLetters.redrive({ filter: { ids: page.slice(-2).map(({ id }) => id) } });
    }
    expect(bodies).toEqual(numbers(20));
  });

  test("of dead letters begin after the one that is named, also when it has gone", async () => {
    const queue = await open();
    await fill(queue, 6);
    for (const delivery of await queue.receive({ max: 6 })) await delivery.deadLetter("no");
    const [, , third] = await queue.deadLetters.list();
    const after = third?.id as string;
    const read = async () => {
      const bodies: number[] = [];
      for await (const page of queue.deadLetters.pages({ pageSize: 2, after }))
        bodies.push(...page.map(({ body }) => body));
      return bodies;
    };
    expect(await read()).toEqual([3, 4, 5]);
    await queue.deadLetters.purge({ filter: { ids: [after] } });
    expect(await read()).toEqual([3, 4, 5]);
  });

  test("end, however much is sent meanwhile", async () => {
    const queue = await open();
    await fill(queue, 4);
    let pages = 0;
    for await (const page of queue.peekPages({ pageSize: 2 })) {
      pages += page.length / 2;
      await fill(queue, 4);
    }
    expect(pages).toBe(2);
  });

  test("are none where there is nothing, and are not read before they are asked for", async () => {
    const queue = await open();
    const pages = queue.peekPages();
    await fill(queue, 1);
    const read: unknown[] = [];
    for await (const page of pages) read.push(...page);
    expect(read).toHaveLength(1);
    for await (const page of queue.deadLetters.pages()) read.push(page);
    expect(read).toHaveLength(1);
  });

  test("refuse what they do not know, by name", async () => {
    const queue = await open();
    expect(() => queue.peekPages({ pageSize: 0 })).toThrow("peekPages().pageSize");
    expect(() => queue.deadLetters.pages({ pageSize: 0 })).toThrow("deadLetters.pages().pageSize");
  });
});

describe.each([["this build"], ["an earlier build"]])("with a host of %s", (build) => {
  const openOver = () => (build === "this build" ? open() : open(1, (port) => asEarlierHost(port, 2)));

  test("a group waits as long as one of its messages is ready, delayed, behind another one or in work", async () => {
    const queue = await openOver();
    const waits = () => queue.isGroupWaiting("g");
    await queue.send(0, { groupId: "other" });
    expect(await waits()).toBe(false);
    await queue.send(1, { groupId: "g", delayMs: 10 });
    await queue.send(2, { groupId: "g" });
    expect(await waits()).toBe(true);
    const taken = async () => {
      for (;;) for (const one of await queue.receive({ max: 2, waitMs: 1_000 })) if (one.groupId === "g") return one;
    };
    await (await taken()).ack();
    expect(await waits()).toBe(true);
    const last = await taken();
    expect(await waits()).toBe(true);
    await last.deadLetter("no");
    expect(await waits()).toBe(false);
  });
});

test("a group is asked for by its name", async () => {
  const queue = await open();
  await expect(queue.isGroupWaiting("")).rejects.toMatchObject({ code: "invalid-argument" });
});
