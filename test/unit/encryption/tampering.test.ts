// Somebody who can write to the database, or speaks to the host, changes envelopes or puts them elsewhere: here a client
// that says it has the key, and has not.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Connection, connect, type Delivery, type MessageView, type Queue } from "../../../src/index.js";
import { replyQueueOf } from "../../../src/link/rpc/names.js";
import type { HostRequest } from "../../../src/link/rpc/wire.js";
import { openStranger, type Stranger } from "./stranger.js";

const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);

let database = "";
let count = 0;
let connection: Connection;
let letters: Queue<unknown>;
let others: Queue<unknown>;
let sealed = "";
let stranger: Stranger;

beforeEach(async () => {
  database = `tampering-${++count}`;
  connection = await connect({ storage: "memory", database, encryption: { key } });
  letters = await connection.openQueue("letters");
  others = await connection.openQueue("others");
  sealed = (await letters.stats()).settings.encryption ?? "";
  stranger = await openStranger(database);
});
afterEach(async () => {
  await stranger.leave();
  await connection.close({ force: true });
});

const inject = (queue: string, body: unknown, more: Partial<Parameters<Stranger["inject"]>[2]> = {}) =>
  stranger.inject(queue, body, { sealed, ...more });
/** Nobody sees it: it dies, with a reason that says so. */
const expectRefused = async (queue: Queue<unknown>) => {
  expect(await queue.peek()).toMatchObject([{ body: undefined, headers: {}, error: { name: "tampered" } }]);
  const seen: unknown[] = [];
  await queue.consumeUntilEmpty(({ body }) => void seen.push(body));
  expect(seen).toEqual([]);
  expect(await queue.deadLetters.list()).toMatchObject([
    { body: undefined, reason: "tampered", error: { name: "tampered" } },
  ]);
};

describe("an envelope is not opened", () => {
  test("in another queue", async () => {
    await letters.send("secret");
    await inject("others", (await stranger.stored("letters")).body);
    await expectRefused(others);
  });

  test("with another priority, or in another group", async () => {
    await letters.send("secret", { groupId: "a" });
    const { body, groupId } = await stranger.stored("letters");
    await letters.purge();
    await inject("letters", body);
    await expectRefused(letters);
    await letters.deadLetters.purge();
    await inject("letters", body, { groups: groupId as string, priority: 5 });
    await expectRefused(letters);
    await letters.deadLetters.purge();
    await inject("letters", body, { groups: groupId as string });
    expect(await letters.peek()).toMatchObject([{ body: "secret", groupId: "a" }]);
  });

  test("in place of another message's, once it replaced one", async () => {
    const { id } = await letters.send("first");
    await letters.replace(id, "replaced");
    const { body } = await stranger.stored("letters");
    expect(await letters.peek()).toMatchObject([{ body: "replaced" }]);
    await letters.purge();
    await inject("letters", body);
    await expectRefused(letters);
  });

  test("changed in one byte, cut, or when it is none", async () => {
    await letters.send("secret");
    const { body } = await stranger.stored("letters");
    await letters.purge();
    const flipped = body.map((byte, i) => (i === body.length - 1 ? byte ^ 1 : byte));
    for (const bytes of [flipped, body.slice(0, -1), new Uint8Array(0), "text", { an: "object" }, null]) {
      await inject("letters", bytes);
      await expectRefused(letters);
      await letters.deadLetters.purge();
    }
  });

  test("as a schedule's that it was not sealed for", async () => {
    await letters.send("secret");
    const { body } = await stranger.stored("letters");
    const spec = { everyMs: 3_600_000, catchUp: "one", priority: 9, sealed } as const;
    await stranger.submit({ type: "schedule", queue: "letters", id: "s", spec, bodies: [body] });
    await expect(letters.schedules.list()).rejects.toMatchObject({ code: "tampered" });
  });
});

test("a reason or an error of another message is none of this one's", async () => {
  for (const reason of ["because of a", "because of b"]) {
    await letters.send(reason);
    const [delivery] = (await letters.receive()) as [Delivery];
    await delivery.retry({ reason, delayMs: 60_000 });
  }
  const [first, second] = (
    await stranger.link.call<{ messages: MessageView[] }>({ op: "peek", queue: "letters", max: 2, states: ["delayed"] })
  ).messages as [MessageView, MessageView];
  expect(first.error?.message).not.toBe(second.error?.message);
  expect((await letters.peek()).map(({ error }) => error?.message)).toEqual(["because of a", "because of b"]);
  // Failed again with the failure of the other.
  await letters.purge();
  await letters.send("c");
  const grant = await stranger.link.call<{ grant: string; seqs: number[] }>({
    ...{ op: "receive", waiter: "w", queue: "letters", max: 1, waitMs: 0, mode: "receive", sealed },
  } as HostRequest);
  const verdict = { type: "dead", reason: "sealed:none", failure: first.error as { name: string; message: string } };
  await stranger.submit({
    type: "settle",
    settlements: [{ grant: grant.grant, seqs: grant.seqs, verdict: verdict as never }],
  });
  expect(await letters.deadLetters.list()).toMatchObject([
    { body: "c", reason: "tampered", error: { name: "tampered" } },
  ]);
});

test("what is no answer to this request is passed over, and the true one counts", async () => {
  const got = others.request("question");
  const [delivery] = (await others.receive({ waitMs: 5_000 })) as [Delivery];
  const { "originmq-reply-to": replyQueue = "", "originmq-request": request } = delivery.headers;
  expect(replyQueue).toContain(replyQueueOf(""));
  const segments = [{ count: 1, priority: 4 }];
  const forged = { request, value: "forged" };
  await stranger.submit({ type: "send", queue: replyQueue, atomic: true, segments, bodies: [forged] });
  await delivery.release();
  others.consume(() => "true");
  expect(await got).toBe("true");
});
