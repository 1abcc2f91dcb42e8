// What people are told who wait for a server that does not let them in.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { connect } from "../../../src/index.js";
import { join, startServer } from "./world.js";

let warnings: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  warnings = vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test.each([
  "ws://host",
  "ws://host/",
  "ws://host/shop",
  "ws://host/mq/",
  "ws://host/mq/a/b",
  "ws://host/mq/a?x=1",
  "http://host/mq/a",
])("%s is the address of no database, which is said at once", async (url) => {
  await expect(connect({ url })).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringContaining("wss://HOST/mq/DATABASE"),
  });
});

test("an address may have a path of its own before that", async () => {
  const connection = await connect({ url: "wss://example.com/queues/mq/shop%201", lazy: true });
  await connection.close({ force: true });
});

describe("who gives up waiting hears why there was no connection", () => {
  const givenUp = (url: string, token?: () => string) => {
    const signal = AbortSignal.timeout(400);
    const given = { url, signal, ...(token && { token }) };
    return connect(given).then(
      () => "connected",
      (error) => ({ isReason: error === signal.reason, why: String(error.cause) }),
    );
  };

  test("nobody listens there", async () => {
    const why = expect.stringMatching(/no connection to ws:\/\/127.0.0.1:1\/mq\/a/);
    expect(await givenUp("ws://127.0.0.1:1/mq/a")).toEqual({ isReason: true, why });
  });
  test("token() throws", async () => {
    const { url } = await startServer();
    const token = () => {
      throw new Error("the login server is down");
    };
    expect(await givenUp(`${url}/mq/a`, token)).toMatchObject({
      why: expect.stringContaining("the login server is down"),
    });
  });
  test("the server is full", async () => {
    const { url } = await startServer({ maxConnections: 1 });
    await join(`${url}/mq/a`);
    expect(await givenUp(`${url}/mq/a`)).toMatchObject({ why: expect.stringContaining("maxConnections is 1") });
  });
});

test("who waits on finds the reason on the console, once", async () => {
  const { url } = await startServer();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let asked = 0;
  const token = () => {
    asked++;
    throw new Error("the login server is down");
  };
  const connection = await connect({ url: `${url}/mq/shop`, token, lazy: true });
  const queue = await connection.openQueue("orders");
  const sent = queue.send(1);
  await vi.advanceTimersByTimeAsync(4_900);
  expect(asked).toBeGreaterThan(3);
  expect(warnings).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(warnings.mock.calls).toEqual([[expect.stringMatching(/\/mq\/shop.*the login server is down/)]]);
  await connection.close({ force: true });
  await expect(sent).rejects.toMatchObject({ code: "closed" });
});

test("a client that is refused, or closed, warns of nothing more", async () => {
  const { url } = await startServer({ authorize: () => null });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  await expect(connect({ url: `${url}/mq/a` })).rejects.toMatchObject({ code: "denied" });
  const connection = await connect({ url: "ws://127.0.0.1:1/mq/a", lazy: true });
  const sent = (await connection.openQueue("q")).send(1);
  await vi.advanceTimersByTimeAsync(1_000);
  await connection.close({ force: true });
  await expect(sent).rejects.toMatchObject({ code: "closed" });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(warnings).not.toHaveBeenCalled();
});
