// What a client gives back that it never started was not handed to a handler; one of an earlier build cannot say so.

import { expect, test } from "vitest";
import type { Verdict } from "../../../../src/core/commands/commands.js";
import type { HandOut } from "../../../../src/link/rpc/wire.js";
import { sendOf, startHost } from "../world.js";

test.each<[number, string, Verdict, boolean]>([
  [3, "as never started", { type: "release", unstarted: true }, false],
  [3, "without a word", { type: "release" }, true],
  [2, "without a word, which it does not have,", { type: "release" }, true],
])("what a client of minor version %i gives back %s", async (minor, _, verdict, expected) => {
  const world = await startHost();
  const first = await world.connect("first", { minor });
  await first.submit(sendOf(1, "body"));
  await first.link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 1 });
  await expect.poll(() => first.pushed).toHaveLength(1);
  const [{ grant, seqs, redelivered }] = first.pushed as [HandOut];
  expect(redelivered).toBe(false);
  // Nothing more for it: the message is for the next one.
  await first.link.call({ op: "cancel", waiter: "c" });
  await first.submit({ number: 2, command: { type: "settle", settlements: [{ grant, seqs, verdict }] } });
  const peeked = await first.link.call<unknown>({ op: "peek", queue: "q", max: 9, states: ["ready"] });
  const view = expect.objectContaining({ attempts: 0, redelivered: expected });
  expect(peeked).toEqual(minor < 3 ? [view] : { messages: [view], isCut: false });
  const second = await world.connect("second", { minor });
  await second.link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 1 });
  await expect.poll(() => second.pushed).toMatchObject([{ attempts: 1, redelivered: expected }]);
  await world.host.close();
});
