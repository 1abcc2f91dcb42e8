// A host in the process lives as long as a connection uses it, and no longer.

import { afterEach, expect, test, vi } from "vitest";
import { QueueError } from "../../../src/core/spec/errors.js";
import { openLink } from "../../../src/link/rpc/link.js";
import type { HostRequest, Welcome } from "../../../src/link/rpc/wire.js";
import { createInProcess, type InProcess } from "../../../src/wiring/in-process.js";

const instanceOf = async (connection: InProcess): Promise<string> => {
  const { port } = await connection.openPort();
  const link = openLink<HostRequest, unknown>(port, { serve: () => undefined });
  const { instance } = await link.call<Welcome>({ op: "hello", wire: [1, 0], client: "a", held: [] });
  link.close(new QueueError("closed", "seen"));
  return instance;
};

afterEach(() => {
  vi.unstubAllGlobals();
});

test("what a test environment has taken away is named", () => {
  vi.stubGlobal("structuredClone", undefined);
  vi.stubGlobal("MessageChannel", undefined);
  expect(() => createInProcess("bare")).toThrow(
    expect.objectContaining({ code: "unsupported", detail: { missing: ["MessageChannel", "structuredClone"] } }),
  );
});

test("a connection that connected again gives the host up when it is closed", async () => {
  const one = createInProcess("again");
  const first = await instanceOf(one);
  expect(await instanceOf(one)).toBe(first);
  await one.release();
  const next = createInProcess("again");
  expect(await instanceOf(next)).not.toBe(first);
  await next.release();
});

test("a host is there until the last of its connections is closed", async () => {
  const one = createInProcess("shared");
  const other = createInProcess("shared");
  const first = await instanceOf(one);
  expect(await instanceOf(other)).toBe(first);
  await one.release();
  expect(await instanceOf(other)).toBe(first);
  await other.release();
});
