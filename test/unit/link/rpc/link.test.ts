// What is left of a link when it has ended: nothing, at neither end.

import { expect, test } from "vitest";
import { QueueError } from "../../../../src/core/spec/errors.js";
import { CLOSED } from "../../../../src/link/rpc/frames.js";
import type { Port } from "../../../../src/link/rpc/guard.js";
import { type Link, openLink } from "../../../../src/link/rpc/link.js";
import { collected } from "../../../collected.js";

const ended = () => new QueueError("closed", "over");

interface Ends {
  readonly ours: Link<number>;
  readonly theirs: Link<number>;
}

/** Two ports that keep their listeners when they are closed, as those of browsers do; Node drops them. */
function createPorts(): [Port, Port] {
  const [a, b] = [new EventTarget(), new EventTarget()];
  const portOf = (own: EventTarget, peer: EventTarget): Port => ({
    addEventListener: (type, listener) => own.addEventListener(type, listener as (event: Event) => void),
    removeEventListener: (type, listener) => own.removeEventListener(type, listener as (event: Event) => void),
    postMessage: (message) => {
      const data = structuredClone(message);
      setImmediate(() => peer.dispatchEvent(new MessageEvent("message", { data })));
    },
  });
  return [portOf(a, b), portOf(b, a)];
}

function connect(seen: (what: object) => void): Ends {
  const [port1, port2] = createPorts();
  const [events1, events2] = [{ serve: (n: number) => n + 1 }, { serve: (n: number) => n * 2 }];
  for (const what of [port1, port2, events1, events2]) seen(what);
  return { ours: openLink<number, number>(port1, events1), theirs: openLink<number, number>(port2, events2) };
}

const LINKS = 50;

test.each<[string, (ends: Ends) => Promise<void>]>([
  [
    "after calls both ways",
    async ({ ours, theirs }) => {
      expect(await Promise.all([ours.call<number>(2), theirs.call<number>(2)])).toEqual([4, 3]);
      ours.close(ended());
    },
  ],
  [
    "while a call is under way",
    async ({ ours }) => {
      const call = ours.call(2);
      ours.close(ended());
      await expect(call).rejects.toMatchObject({ code: "closed" });
    },
  ],
  [
    "without a call",
    async ({ theirs }) => {
      theirs.close(ended());
    },
  ],
])("a link that ended %s is collected, at both ends", async (_, use) => {
  const parts: WeakRef<object>[] = [];
  const useOne = async () => {
    await use(connect((part) => parts.push(new WeakRef(part))));
  };
  for (let i = 0; i < LINKS; i++) await useOne();
  await collected();
  expect(parts.filter((part) => part.deref() !== undefined)).toHaveLength(0);
});

test("what comes on a port whose link has ended reaches nobody", async () => {
  const [ours, theirs] = createPorts();
  let refused = 0;
  const link = openLink<number, number>(ours, { serve: (n) => n, onRefused: () => refused++ });
  link.close(ended());
  theirs.postMessage("nonsense");
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(refused).toBe(0);
});

test("a link that has ended tells its peer so, and nothing else", async () => {
  const [ours, theirs] = createPorts();
  const heard: unknown[] = [];
  theirs.addEventListener("message", ({ data }) => heard.push(data));
  const link = openLink<number, number>(ours, { serve: (n) => n });
  link.close(ended());
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(heard).toEqual([{ type: CLOSED }]);
});
