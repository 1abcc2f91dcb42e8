import { describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { connect } from "../../../src/index.js";
import { databasesAmong, fileNameOf } from "../../../src/server/stores.js";
import type { AuthorizeRequest } from "../../../src/server.js";
import { atEnd, join, startServer } from "./world.js";

const refused = (code: string, message?: string) =>
  expect.objectContaining({ code, ...(message !== undefined && { message: expect.stringContaining(message) }) });

describe("who comes in", () => {
  test("is asked for by its token and its database, and the token is in no address", async () => {
    const asked: AuthorizeRequest[] = [];
    const server = await startServer({
      authorize(request) {
        asked.push(request);
        return { client: "till", queues: { "*": ["send"] } };
      },
    });
    await join(`${server.url}/mq/shop%201`, { token: async () => "secret" });
    expect(asked).toMatchObject([{ database: "shop 1", token: "secret", origin: undefined }]);
    expect(JSON.stringify(asked[0]?.headers)).not.toContain("secret");
  });

  test.each([
    ["with a token that is refused", { authorize: () => null }],
    ["with a right that has ended", { authorize: () => ({ client: "a", queues: {}, expiresAt: Date.now() - 1 }) }],
  ])("is told and not let in %s, and does not ask again", async (_, { authorize }) => {
    const token = vi.fn(() => "wrong");
    const server = await startServer({ authorize });
    await expect(connect({ url: `${server.url}/mq/a`, token })).rejects.toEqual(refused("denied"));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(token).toHaveBeenCalledTimes(1);
  });

  test("comes again while the server cannot say, which its keeper hears and the client does not", async () => {
    const errors: unknown[] = [];
    const authorize = vi.fn(() => ({ client: "a", queues: { "*": ["send"] as const } }));
    authorize.mockImplementationOnce(() => {
      throw new Error("the database of users is down");
    });
    const server = await startServer({ authorize, onError: (error) => errors.push(error) });
    const connection = await join(`${server.url}/mq/a`);
    await (await connection.openQueue("q")).send(1);
    expect(authorize).toHaveBeenCalledTimes(2);
    expect(errors).toEqual([new Error("the database of users is down")]);
  });

  test("comes again once its right has ended, with a new token, and loses nothing by that", async () => {
    let tokens = 0;
    const seen: (string | undefined)[] = [];
    const server = await startServer({
      authorize({ token }) {
        seen.push(token);
        return { client: "a", queues: { "*": ["send", "consume"] }, expiresAt: Date.now() + 300 };
      },
    });
    const queue = await (await join(`${server.url}/mq/a`, { token: () => `token ${++tokens}` })).openQueue<number>("q");
    const got: number[] = [];
    queue.consume(({ body }) => void got.push(body));
    const sent: number[] = [];
    while (seen.length < 3) {
      await queue.send(sent.length);
      sent.push(sent.length);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(seen.slice(0, 3)).toEqual(["token 1", "token 2", "token 3"]);
    await expect.poll(() => got.length).toBe(sent.length);
    expect(new Set(got)).toEqual(new Set(sent));
  });

  test("may be a page of the server's own origin or of one that is named, and of no other", async () => {
    const server = await startServer({ allowOrigins: ["https://shop.example"], authorize: () => null });
    const codeFor = (origin: string) =>
      new Promise<unknown>((resolve) => {
        vi.stubGlobal(
          "WebSocket",
          class extends WebSocket {
            constructor(url: string, protocol: string) {
              super(url, protocol, { origin });
            }
          },
        );
        connect({ url: `${server.url}/mq/a` }).catch(({ message }) => resolve(message));
      });
    const own = server.url.replace("ws:", "http:");
    const reached = "the server lets nobody in with this token";
    expect(await codeFor("https://shop.example")).toBe(reached);
    expect(await codeFor(own)).toBe(reached);
    expect(await codeFor("https://evil.example")).toContain("https://evil.example may not connect");
    expect(await codeFor("null")).toContain("may not connect");
    vi.unstubAllGlobals();
  });

  test("without authorize is nobody's page by a name that leads to this machine", async () => {
    const server = await startServer();
    const { port } = new URL(server.url);
    const host = `evil.example:${port}`;
    const socket = new WebSocket(`${server.url}/mq/a`, "originmq.1", { origin: `http://${host}`, headers: { host } });
    vi.stubGlobal("WebSocket", function WebSocketStub() {
      return socket;
    });
    await expect(connect({ url: `${server.url}/mq/a` })).rejects.toEqual(refused("denied", host));
    vi.unstubAllGlobals();
  });

  test("is turned away where there is no database, as by any web server", async () => {
    const server = await startServer();
    const at = server.url.replace("ws:", "http:");
    expect((await fetch(`${at}/mq/a`)).status).toBe(404);
    for (const path of ["/", "/mq/", "/mq/a/b", `/mq/${"a".repeat(257)}`, "/mq/%ff"]) {
      const socket = new WebSocket(server.url + path, "originmq.1");
      const message = await new Promise((resolve) => socket.once("error", (error) => resolve(error.message)));
      expect(message).toContain("404");
    }
  });
});

describe("who is in", () => {
  const rights = {
    sender: { orders: ["send"] },
    worker: { orders: ["consume", "peek"] },
  } as const;
  const startShop = () =>
    startServer({
      authorize: ({ token }) =>
        token === "sender" || token === "worker" ? { client: token, queues: rights[token] } : null,
    });

  test("asks and is answered, with no more rights than to send and to consume", async () => {
    const server = await startShop();
    const shop = `${server.url}/mq/shop`;
    const worker = await (await join(shop, { token: () => "worker" })).openQueue<number>("orders");
    worker.consume(({ body }) => body * 2);
    const sender = await (await join(shop, { token: () => "sender" })).openQueue<number>("orders");
    expect(await sender.request(21)).toBe(42);
  });

  test("hears announcements of what it may see, and of nothing else", async () => {
    const server = await startShop();
    const worker = await join(`${server.url}/mq/shop`, { token: () => "worker" });
    const orders = await worker.openQueue("orders");
    const heard: unknown[] = [];
    orders.addEventListener("available", ({ detail }) => heard.push(detail));
    const other = worker.addEventListener.bind(worker);
    other("datalost", () => heard.push("datalost"));
    const here = await server.connect({ database: "shop" });
    atEnd(() => here.close({ force: true }));
    await (await here.openQueue("secret")).send(1);
    await (await here.openQueue("orders")).send(1);
    await expect.poll(() => heard).toEqual([{ count: 1, ready: 1 }]);
    expect(await worker.queues()).toMatchObject([{ name: "orders" }]);
  });

  test("hears of a message that is larger than the server takes, and nobody waits behind it", async () => {
    const server = await startServer({ maxMessageBytes: 100_000 });
    const queue = await (await join(`${server.url}/mq/shop`)).openQueue<Uint8Array | string>("orders");
    const sent = [queue.send("before"), queue.send(new Uint8Array(100_000)), queue.send("after")];
    expect((await Promise.allSettled(sent)).map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    await expect(sent[1]).rejects.toMatchObject({ code: "invalid-argument", detail: { max: 100_000 } });
    await queue.send(new Uint8Array(99_000), { priority: 9 });
    expect((await queue.receive({ waitMs: 1_000 })).map(({ body }) => body.length)).toEqual([99_000]);
  });

  test("of one database has nothing to do with another", async () => {
    const server = await startServer();
    const [one, another] = await Promise.all(["a", "A"].map((name) => join(`${server.url}/mq/${name}`)));
    const queue = await one?.openQueue("q");
    await queue?.send("mine");
    const others = await another?.openQueue("q");
    expect(await others?.peek()).toEqual([]);
    expect(await another?.queues()).toEqual([expect.objectContaining({ name: "q", ready: 0 })]);
    const here = await server.connect({ database: "a" });
    atEnd(() => here.close({ force: true }));
    expect(await (await here.openQueue("q")).peek()).toMatchObject([{ body: "mine" }]);
  });
});

describe("databases in a directory", () => {
  test("have files of their own, whatever file systems take for one name, and outside of it there is none", async () => {
    const names = ["shop", "Shop", "SHOP", "sh%6fp", "..", "../shop", "a/b", "a*b", "ä", "Ä", "%e4", "."];
    const files = names.map(fileNameOf);
    expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(names.length);
    for (const file of files) expect(file).toMatch(/^[a-z0-9_%-]+$/);
    const beside = files.flatMap((file) =>
      ["", "-claim", "-wal", "-shm", "-reserve"].map((end) => `${file}.sqlite${end}`),
    );
    expect(databasesAmong([...beside, "token"])).toEqual(names);
  });

  test("are none that no server has had open, or that it would call otherwise", () => {
    const files = ["theirs", "Shop", "%E4", "%", "a b"].map((name) => `${name}.sqlite`);
    expect(databasesAmong(files)).toEqual([]);
    expect(databasesAmong([...files, ...files.slice(1).map((file) => `${file}-claim`), "gone.sqlite-claim"])).toEqual(
      [],
    );
  });
});

describe("options of a client", () => {
  test.each([
    [{ url: "https://example.com/mq/a" }, "an address like wss://HOST/mq/DATABASE"],
    [{ url: "ws://127.0.0.1/mq/a", storage: "memory" }, "connect().storage"],
    [{ url: "ws://127.0.0.1/mq/a", database: "a" }, "connect().database"],
    [{ url: "ws://127.0.0.1/mq/a", persist: true }, "connect().persist"],
    [{ token: () => "t" }, "connect().token"],
  ] as const)("that make no sense together are refused: %j", async (options, message) => {
    await expect(connect(options)).rejects.toEqual(refused("invalid-argument", message));
  });
});
