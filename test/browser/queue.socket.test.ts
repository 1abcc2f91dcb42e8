// The socket client in a real browser: what queues promise, and who is not let in.

import { afterEach, expect, inject, test } from "vitest";
import { type Connection, connect } from "../../src/index.js";
import { describeQueue } from "../contract/queue.contract.js";

const sockets = inject("sockets");
const addressOf = (server: string, database: string) => `${server}/mq/${encodeURIComponent(database)}`;

describeQueue("a server, over a page's socket", (database) => ({ url: addressOf(sockets.open, database) }));

const connections: Connection[] = [];
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
});

test("a page of an origin that the server does not know is told so", async () => {
  const refused = connect({ url: addressOf(sockets.foreign, "shop") });
  await expect(refused).rejects.toMatchObject({ code: "denied", detail: { origin: location.origin } });
});

test("who is not let in with its token hears of it; who is, of what it may not do", async () => {
  const url = addressOf(sockets.open, `tokens-${Date.now()}`);
  await expect(connect({ url, token: () => "forged" })).rejects.toMatchObject({ code: "denied" });
  const till = await connect({ url, token: async () => "till" });
  connections.push(till);
  const orders = await till.openQueue("orders");
  await orders.send("tea");
  await expect(orders.peek()).rejects.toMatchObject({ code: "denied", detail: { verb: "peek", queue: "orders" } });
});
