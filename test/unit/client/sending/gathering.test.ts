// When what was called leaves: at the end of its task, or at once.

import { expect, test } from "vitest";
import { createGathering } from "../../../../src/client/sending/gathering.js";
import { makeItem } from "../../../../src/client/sending/item.js";

const item = (text = "1") => makeItem({ body: text, text, bytes: text.length }, undefined);

function start() {
  const tasks: (() => void)[] = [];
  const gathering = createGathering({ afterTurn: (callback) => tasks.push(callback) });
  /** How many commands each request had. */
  const requests: number[] = [];
  gathering.carriedBy({
    wake() {},
    flush() {
      if (!gathering.isEmpty) requests.push(gathering.take().length);
    },
    isLast: () => false,
    join: () => false,
    prune() {},
    leave() {},
  });
  const endTask = () => {
    for (const task of tasks.splice(0)) task();
  };
  return { gathering, requests, endTask };
}

test("what is called in one task goes together when that is over", async () => {
  const { gathering, requests, endTask } = start();
  void gathering.send("a", item());
  await Promise.resolve();
  void gathering.send("b", item());
  expect(requests).toEqual([]);
  endTask();
  expect(requests).toEqual([2]);
});

test("a large batch leaves in its call, with what was sent before it", () => {
  const { gathering, requests } = start();
  void gathering.send("a", item());
  void gathering.sendBatch("a", [item("1".repeat(60_000))]);
  expect(requests).toEqual([2]);
  void gathering.sendBatch("a", [item("1".repeat(59_999))]);
  expect(requests).toEqual([2]);
});
