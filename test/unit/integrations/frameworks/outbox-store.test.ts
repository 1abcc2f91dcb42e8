import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { createOutbox, type Outbox } from "../../../../src/outbox.js";
import { createHttpOutboxStore } from "../../../../src/store.js";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** An address at which nobody answers. */
async function nowhere(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/saves`;
}

const open = (): Outbox => {
  const outbox = createOutbox({ storage: "memory", database: crypto.randomUUID(), replay: false });
  ends.push(() => outbox.close());
  return outbox;
};

test("the outbox is made for the first component, and what waits and was given up is followed", async () => {
  const create = vi.fn(open);
  const store = createHttpOutboxStore(create, { everyMs: 5, keepAliveMs: 0 });
  expect(store.getServerSnapshot()).toEqual({
    ...{ status: "opening", error: undefined, outbox: undefined },
    ...{ waiting: [], dead: [], delivered: [], stats: undefined },
  });
  expect(create).not.toHaveBeenCalled();
  ends.push(store.subscribe(() => {}));
  ends.push(store.subscribe(() => {}));
  await expect.poll(store.getSnapshot).toMatchObject({
    ...{ status: "open", waiting: [], dead: [], delivered: [], stats: { ready: 0, dead: 0 } },
  });
  const { outbox } = store.getSnapshot();
  const url = await nowhere();
  await outbox?.fetch(url, { method: "POST", body: "x", metadata: { title: "first" } });
  await expect.poll(() => store.getSnapshot().waiting).toMatchObject([{ url, metadata: { title: "first" } }]);
  await outbox?.cancel(store.getSnapshot().waiting[0]?.id ?? "");
  await expect.poll(() => store.getSnapshot().waiting).toEqual([]);
  expect(create).toHaveBeenCalledTimes(1);
  expect(store.outbox()).toBe(outbox);
});

test("the outbox works on after the last component has left, and is the same for the next", async () => {
  const store = createHttpOutboxStore(open, { everyMs: 5, keepAliveMs: 0 });
  const unsubscribe = store.subscribe(() => {});
  await expect.poll(store.getSnapshot).toMatchObject({ status: "open" });
  const { outbox } = store.getSnapshot();
  unsubscribe();
  expect(store.getSnapshot()).toBe(store.getServerSnapshot());
  await outbox?.fetch(await nowhere(), { method: "POST", body: "x" });
  ends.push(store.subscribe(() => {}));
  await expect.poll(store.getSnapshot).toMatchObject({ status: "open", outbox, waiting: [{ method: "POST" }] });
});

test("an outbox that cannot be made, or whose queue cannot be opened, shows why", async () => {
  const wrong = createHttpOutboxStore(() => createOutbox({ concurrency: 0 }));
  ends.push(wrong.subscribe(() => {}));
  await expect.poll(wrong.getSnapshot).toMatchObject({ status: "failed", error: { code: "invalid-argument" } });
  // Without `storage: "memory"` there is nothing in Node that could host it.
  const unsupported = createHttpOutboxStore(() => createOutbox({ replay: false }));
  ends.push(unsupported.subscribe(() => {}));
  await expect.poll(unsupported.getSnapshot).toMatchObject({ status: "failed", error: { code: "unsupported" } });
});
