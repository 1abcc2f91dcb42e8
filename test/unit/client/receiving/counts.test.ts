// A server that says of more messages than it gives keeps nobody counting.

import { expect, test } from "vitest";
import { createHoldings } from "../../../../src/client/receiving/holding.js";
import { answer } from "../../../../src/client/sending/answers.js";
import { QueueError } from "../../../../src/core/spec/errors.js";
import type { HandOut } from "../../../../src/link/rpc/wire.js";

const handOut = { grant: "g", seqs: [1, 1e15], bodies: "1\n2" } as unknown as HandOut;
const holdings = () => createHoldings({} as never, { now: () => 0 } as never);

test("a hand-out has as many messages as bodies", () => {
  expect(
    holdings()
      .take(handOut)
      .map(({ delivery }) => delivery.body),
  ).toEqual([1, 2]);
});

test("what was lost is looked for among what is held, and among what was settled", () => {
  const held = holdings();
  const [first, second] = held.take(handOut);
  held.lose([{ grant: "g", seqs: [2, 1e15] }] as never, new QueueError("lease-lost", "lost"));
  expect([first?.delivery.signal.aborted, second?.delivery.signal.aborted]).toEqual([false, true]);

  const over: unknown[] = [];
  const entries = [1, 2].map((seq) => ({ grantId: "g", seq, onOver: (error?: unknown) => over.push(error) }));
  answer(
    { type: "settle", entries } as never,
    { ok: true, value: { lost: [{ grant: "g", seqs: [2, 1e15] }] } } as never,
    0,
  );
  expect(over).toMatchObject([undefined, { code: "lease-lost" }]);
});
