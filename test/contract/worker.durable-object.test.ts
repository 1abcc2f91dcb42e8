// What a Worker's own code sends, in workerd: requests that run beside each other, each with a socket of its own.

import { afterAll, describe, expect, test } from "vitest";
import { startWorkerd } from "../../scripts/workerd.mjs";
import { connect } from "../../src/index.js";
import { serve } from "../../src/server.js";

const workerd = await startWorkerd("test/edge/sending-worker.ts");
afterAll(() => workerd.close());

const ask = async (path: string, asked: Readonly<Record<string, string>>): Promise<unknown> => {
  const answer = await fetch(`${workerd.httpUrl}${path}?${new URLSearchParams(asked)}`);
  return answer.json();
};
const NUMBERS = Array.from({ length: 8 }, (_, n) => String(n));

/** What waits there, by the ids that were answered. */
async function waiting(options: Parameters<typeof connect>[0]): Promise<Record<string, unknown>> {
  const connection = await connect(options);
  const queue = await connection.openQueue<{ n: string }>("orders");
  const received = await queue.receive({ max: 100 });
  await connection.close();
  return Object.fromEntries(received.map(({ id, body }) => [id, body.n]));
}

describe("a Worker", () => {
  test("sends to its object from many requests at once, and clients receive it", async () => {
    const token = "letmein";
    const ids = await Promise.all(NUMBERS.map((n) => ask("/object", { n, database: "shop", token })));
    const expected = Object.fromEntries(NUMBERS.map((n) => [ids[Number(n)], n]));
    expect(await waiting({ url: `${workerd.url}/mq/shop`, token: () => token })).toEqual(expected);
  });

  test("is asked for its token by its object, too", async () => {
    expect(await ask("/object", { database: "shop", token: "guessed" })).toBe("denied");
  });

  test("is told of a name that no database can have", async () => {
    expect(await ask("/object", { database: "", token: "letmein" })).toBe("invalid-argument");
  });

  test("encrypts what it sends to its object, which nobody opens with another key", async () => {
    const [database, token] = ["secrets", "encrypts"];
    const ids = await Promise.all(NUMBERS.map((n) => ask("/object", { n, database, token, key: "7" })));
    const bytes = new Uint8Array(32).fill(7);
    const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
    const reached = { url: `${workerd.url}/mq/${database}`, token: () => token };
    expect(await ask("/object", { database, token, key: "8" })).toBe("wrong-key");
    expect(await ask("/object", { database, token })).toBe("encrypted");
    const expected = Object.fromEntries(NUMBERS.map((n) => [ids[Number(n)], n]));
    expect(await waiting({ ...reached, encryption: { key } })).toEqual(expected);
  });

  test("sends to a server by its address from many requests at once", async () => {
    const server = await serve({ port: 0, memory: true });
    const url = `${server.url}/mq/shop`;
    const ids = await Promise.all(NUMBERS.map((n) => ask("/server", { n, url })));
    const expected = Object.fromEntries(NUMBERS.map((n) => [ids[Number(n)], n]));
    expect(await waiting({ url })).toEqual(expected);
    await server.close();
  });
});
