// The order of what one client sends, though what comes first takes longer to be read, or sealed.

import { afterEach, expect, test } from "vitest";
import { type Connection, connect, type Encryption, type Queue, type Topic } from "../../../src/index.js";
import { aesKey, asking, isPending, paired } from "./asking.js";

const key = await aesKey();
const connections: Connection[] = [];
let count = 0;
const reach = async (encryption?: Encryption, database = `order-${++count}`) => {
  const connection = await connect({ storage: "memory", database, ...(encryption && { encryption }) });
  connections.push(connection);
  return connection;
};
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
});

const numbers = Array.from({ length: 12 }, (_, n) => n);
/** Each second one is large, or has a file, and each third one has no group. */
const messageOf = (n: number, large: unknown) => ({
  body: n % 2 ? { n } : { n, large },
  groupId: n % 3 ? "g" : undefined,
});
const numbersIn = async (queue: Queue<{ n: number }>) => (await queue.peek({ max: 100 })).map(({ body }) => body.n);
const optionsOf = (groupId: string | undefined) => (groupId === undefined ? {} : { groupId });

test.each<[string, Encryption | undefined, unknown]>([
  ["encrypted", { key }, new Uint8Array(300_000)],
  ["encrypted, with files", { key }, new File(["file"], "f.txt")],
  ["with files", undefined, new File(["file"], "f.txt")],
])("of what is published, and sent in transactions, is that of the calls: %s", async (_, encryption, large) => {
  const connection = await reach(encryption);
  const topic: Topic<{ n: number }> = await connection.openTopic("news");
  const [all, letters] = [await topic.subscription("all"), await connection.openQueue<{ n: number }>("letters")];
  const sent = numbers.flatMap((n) => {
    const { body, groupId } = messageOf(n, large);
    const options = optionsOf(groupId);
    return [
      topic.publish(body, options),
      connection.transaction((transaction) => transaction.send(letters, body, options)),
    ];
  });
  await Promise.all(sent);
  expect([await numbersIn(all), await numbersIn(letters)]).toEqual([numbers, numbers]);
});

test("of what is refused nothing waits, and nothing passes", async () => {
  const connection = await reach({ key });
  const topic: Topic<{ n: number }> = await connection.openTopic("news");
  const [all, letters] = [await topic.subscription("all"), await connection.openQueue<{ n: number }>("letters")];
  const none = { n: 1, key } as never;
  const send = (body: { n: number }) => connection.transaction((transaction) => transaction.send(letters, body));
  const large = { n: 0, large: new Uint8Array(300_000) };
  const sent = [large, none, { n: 2 }].flatMap((body) => [topic.publish(body), send(body)]);
  const codes = (await Promise.allSettled(sent)).map((one) => (one.status === "rejected" ? one.reason.code : "sent"));
  expect(codes).toEqual(["sent", "sent", "not-cloneable", "not-cloneable", "sent", "sent"]);
  expect([await numbersIn(all), await numbersIn(letters)]).toEqual([
    [0, 2],
    [0, 2],
  ]);
});

test("holds while the key is waited for: what is behind a group waits, of the same topic and queue alone", async () => {
  const database = `order-${++count}`;
  const unlocked = await reach(
    paired(() => key),
    database,
  );
  const all = await (await unlocked.openTopic<{ n: number }>("news")).subscription("all");
  const { ask, answer } = asking();
  const connection = await reach(paired(ask), database);
  const topic: Topic<{ n: number }> = await connection.openTopic("news");
  const [letters, others] = [
    await connection.openQueue<{ n: number }>("letters"),
    await connection.openQueue("others"),
  ];
  const send = (n: number, groupId?: string) =>
    connection.transaction((transaction) => transaction.send(letters, { n }, optionsOf(groupId)));
  const waiting = [topic.publish({ n: 1 }, { groupId: "g" }), send(1, "g"), topic.publish({ n: 2 }), send(2)];
  await (await connection.openTopic("more")).publish(1);
  await connection.transaction((transaction) => transaction.send(others, 1));
  expect(await Promise.all(waiting.map(isPending))).toEqual([true, true, true, true]);
  answer(key);
  await Promise.all(waiting);
  expect([await numbersIn(all), await numbersIn(letters)]).toEqual([
    [1, 2],
    [1, 2],
  ]);
});
