// The entry "originmq/outbox" in a page: what it says of the other entry that it needs.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ClientStarters } from "../../src/wiring/api.js";

vi.mock("../../src/wiring/server.js", () => ({ isServer: () => false }));

const reported: unknown[] = [];
beforeEach(() => {
  reported.length = 0;
  vi.resetModules();
  vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
  vi.stubGlobal("fetch", async () => new Response("", { status: 201 }));
});
afterEach(() => vi.unstubAllGlobals());

const post = ["https://a.test/orders", { method: "POST", body: "x" }] as const;

test("a page that forgot to import the entry with the worker hears so once, before anything fails", async () => {
  const { createOutbox } = await import("../../src/outbox.js");
  const outboxes = [createOutbox(), createOutbox({ name: "other" })];
  await expect.poll(() => reported.length).toBe(1);
  expect(reported).toMatchObject([{ code: "unsupported", message: expect.stringContaining('import "originmq"') }]);
  for (const outbox of outboxes) {
    expect((await outbox.fetch(...post)).status).toBe(201);
    await expect(outbox.waiting()).rejects.toMatchObject({ code: "unsupported" });
    await outbox.close();
  }
  expect(reported).toHaveLength(1);
});

test("a page hears nothing whose next module brings it, nor one that starts a worker of its own", async () => {
  const { createOutbox } = await import("../../src/outbox.js");
  const { offerStarters } = await import("../../src/wiring/page-starters.js");
  const worker = () => {
    throw new Error("started its own");
  };
  const own = createOutbox({ worker });
  await expect(own.waiting()).rejects.not.toMatchObject({ message: expect.stringContaining('import "originmq"') });
  const outbox = createOutbox();
  offerStarters({ inProcess: () => Promise.reject(new Error("asked")) } as unknown as ClientStarters);
  await expect(outbox.waiting()).rejects.not.toMatchObject({ message: expect.stringContaining('import "originmq"') });
  expect(reported).toEqual([]);
});
