// What can and cannot be a body, in a real browser with real IndexedDB.

import { afterEach, expect, test } from "vitest";
import { type Connection, connect, type Queue } from "../../src/index.js";
import { isWebKit } from "../engines/this-engine.js";

// Skipped in WebKit: it hands no CryptoKey to a SharedWorker, and WebKitGTK, as it is driven here, stores no Blob and has
// no origin-private file system.

const connections: Connection[] = [];
let count = 0;

const open = async <Body = unknown>(): Promise<Queue<Body>> => {
  const connection = await connect({ database: `bodies-${Date.now()}-${++count}` });
  connections.push(connection);
  return connection.openQueue<Body>("bodies");
};

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close({ force: true })));
});

const roundTrip = async <Body>(body: Body): Promise<Body> => {
  const queue = await open<Body>();
  await queue.send(body);
  const [delivery] = await queue.receive({ waitMs: 2_000 });
  return (delivery as { body: Body }).body;
};

const refusedAmongOthers = async (body: unknown) => {
  const queue = await open();
  const [before, refused, after] = await Promise.allSettled([
    queue.send("before"),
    queue.send(body),
    queue.send("after"),
  ]);
  expect([before?.status, after?.status]).toEqual(["fulfilled", "fulfilled"]);
  expect((await queue.peek()).map((message) => message.body).sort()).toEqual(["after", "before"]);
  return (refused as PromiseRejectedResult).reason;
};

test.each([
  ["plain data", { list: [1, "two", null, { "line\nbreak": "a\n\u2028b" }], 10: true, nothing: {} }],
  ["nested objects and arrays", { a: [{ b: null, c: undefined }], d: -0 }],
  ["Map and Set", new Map<unknown, unknown>([["set", new Set([1, "2"])]])],
  ["Date, RegExp and BigInt", { date: new Date(1), pattern: /a+/gi, big: -(2n ** 80n) }],
  ["typed arrays and buffers", { floats: new Float64Array([1.5]), bytes: new Uint8Array([1, 2]).buffer }],
  ["an Error", new RangeError("too far")],
  ["text of every plane", "a\u0000é€😀\ud800"],
])("gives back %s as they were", async (_, body) => {
  expect(await roundTrip(body)).toEqual(body);
});

test("gives back plain data and other data that are sent together, in order", async () => {
  const queue = await open<unknown>();
  const bodies = [{ n: 1 }, new Map([["n", 2]]), "three", new Date(4), [5], { n: undefined }];
  for (const body of bodies) await queue.send(body);
  await Promise.all(bodies.map((body) => queue.send(body)));
  expect((await queue.peek()).map(({ body }) => body)).toStrictEqual([...bodies, ...bodies]);
  const taken = await queue.receive({ max: 20, waitMs: 2_000 });
  expect(taken.map(({ body }) => body)).toStrictEqual([...bodies, ...bodies]);
});

test("sends what a proxy of plain data shows, such as the state of a framework", async () => {
  expect(await roundTrip({ state: new Proxy([1, new Proxy({ n: 2 }, {})], {}) })).toEqual({ state: [1, { n: 2 }] });
});

test("sends what stands in an instance that calls itself something, and in the cause of an error", async () => {
  class Order {
    readonly lines = new Proxy([{ sku: "tea" }], {});
    get [Symbol.toStringTag]() {
      return "Order";
    }
  }
  expect(await roundTrip({ order: new Order() })).toEqual({ order: { lines: [{ sku: "tea" }] } });
  const copy = await roundTrip(new RangeError("too far", { cause: new Proxy({ sku: "tea" }, {}) }));
  // Not every engine clones what an error was caused by.
  const { cause } = structuredClone(new Error("", { cause: { sku: "tea" } }));
  expect(copy).toBeInstanceOf(RangeError);
  expect([copy.message, copy.cause]).toEqual(["too far", cause]);
});

test("gives back a circular body", async () => {
  const body: { self?: unknown; n: number } = { n: 1 };
  body.self = body;
  const got = await roundTrip(body);
  expect(got.self).toBe(got);
});

test.skipIf(isWebKit)("gives back a Blob with its type and bytes", async () => {
  const got = await roundTrip({ blob: new Blob(["hello"], { type: "text/x-hello" }) });
  expect(got.blob.type).toBe("text/x-hello");
  expect(await got.blob.text()).toBe("hello");
});

test.skipIf(isWebKit)("gives back a File with name, type, date and bytes, in order among other sends", async () => {
  const queue = await open<unknown>();
  const file = new File(["line"], "notes.txt", { type: "text/plain", lastModified: 12_345 });
  await Promise.all([queue.send(1), queue.send({ list: [file] }), queue.send(3)]);
  const [first, second, third] = await queue.receive({ max: 3, waitMs: 2_000 });
  expect([first?.body, third?.body]).toEqual([1, 3]);
  const { list } = (second as { body: { list: File[] } }).body;
  const got = list[0] as File;
  expect([got.name, got.type, got.lastModified, await got.text()]).toEqual(["notes.txt", "text/plain", 12_345, "line"]);
});

test.runIf(isWebKit)("refuses a CryptoKey alone where it does not reach the worker", async () => {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  expect(await refusedAmongOthers(key)).toMatchObject({ code: "not-cloneable" });
});

test.skipIf(isWebKit)("gives back a CryptoKey that works", async () => {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const got = await roundTrip(key);
  const iv = new Uint8Array(12);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new Uint8Array([7]));
  expect(new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, got, sealed))).toEqual(
    new Uint8Array([7]),
  );
});

test("gives back a body of ten megabytes", async () => {
  const large = new Uint8Array(10 * 1024 * 1024);
  for (let at = 0; at < large.length; at += 65_536) crypto.getRandomValues(large.subarray(at, at + 65_536));
  // Compared by IndexedDB: an assertion that looks at each byte takes a minute.
  expect(indexedDB.cmp(await roundTrip(large), large)).toBe(0);
});

test("refuses a function alone, naming where it is", async () => {
  expect(await refusedAmongOthers({ handlers: { "on-click": () => {} } })).toMatchObject({
    code: "not-cloneable",
    message: expect.stringContaining('body.handlers["on-click"] is a function'),
  });
});

test("refuses a WebAssembly.Module alone: it clones, but does not cross or store", async () => {
  const module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  expect(await refusedAmongOthers({ nested: [module] })).toMatchObject({
    code: "not-cloneable",
    message: expect.stringContaining("body.nested[0] is a WebAssembly.Module"),
  });
});

test("refuses a VideoFrame alone: it crosses, but does not store", async () => {
  const canvas = new OffscreenCanvas(4, 4);
  canvas.getContext("2d")?.fillRect(0, 0, 4, 4);
  const frame = new VideoFrame(canvas, { timestamp: 0 });
  expect(await refusedAmongOthers({ frame })).toMatchObject({
    code: "not-cloneable",
    message: expect.stringContaining("body.frame is a VideoFrame"),
  });
  frame.close();
});

test.skipIf(isWebKit)("a file that cannot be read any more fails its own send, naming it", async () => {
  const root = await navigator.storage.getDirectory();
  const handle = await root.getFileHandle(`gone-${count}`, { create: true });
  const writable = await handle.createWritable();
  await writable.write("short-lived");
  await writable.close();
  const file = await handle.getFile();
  await root.removeEntry(handle.name);
  expect(await refusedAmongOthers({ attachment: file })).toMatchObject({
    code: "not-cloneable",
    message: expect.stringContaining(`body.attachment: the file "${handle.name}" cannot be read`),
  });
});

test("nothing hangs when many bad bodies are sent in one turn", async () => {
  const queue = await open();
  const module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  const bodies = Array.from({ length: 60 }, (_, i) =>
    i % 3 === 0 ? { n: i } : i % 3 === 1 ? { f: () => {} } : { module },
  );
  const results = await Promise.allSettled(bodies.map((body) => queue.send(body)));
  expect(results.map((result) => result.status)).toEqual(
    bodies.map((_, i) => (i % 3 === 0 ? "fulfilled" : "rejected")),
  );
  expect((await queue.stats()).ready).toBe(20);
});
