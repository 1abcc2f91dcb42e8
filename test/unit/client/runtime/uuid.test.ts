import { afterEach, expect, test, vi } from "vitest";
import { runtime } from "../../../../src/client/runtime/runtime.js";
import { randomUuid } from "../../../../src/client/runtime/uuid.js";
import { createOutbox } from "../../../../src/outbox.js";

afterEach(() => vi.unstubAllGlobals());

const { crypto: real } = globalThis;
/** As on a page that was loaded by plain http. */
const leaveSecureContext = () =>
  vi.stubGlobal("crypto", { getRandomValues: (bytes: Uint8Array<ArrayBuffer>) => real.getRandomValues(bytes) });

test("makes UUIDs of version 4 where the platform has none", () => {
  leaveSecureContext();
  const made = [runtime.uuid(), ...Array.from({ length: 49 }, randomUuid)];
  for (const uuid of made)
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(made).size).toBe(50);
});

test("an outbox without a queue asks the network, also on plain http", async () => {
  leaveSecureContext();
  const keys: (string | null)[] = [];
  vi.stubGlobal("fetch", async ({ headers }: Request) => {
    keys.push(headers.get("idempotency-key"));
    return new Response("", { status: 201 });
  });
  // Without IndexedDB and locks, as Node is.
  const outbox = createOutbox({ crossOriginKeys: true });
  expect((await outbox.fetch("http://a.test/orders", { method: "POST", body: "x" })).status).toBe(201);
  expect(keys).toEqual([expect.stringMatching(/^"[0-9a-f-]{36}"$/)]);
  await outbox.close();
});
