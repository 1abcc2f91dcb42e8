// What a client may cost its host: ports, calls and watchers have limits, and what asked for them ends with the link.

import { expect, test } from "vitest";
import { QueueError } from "../../../../src/core/spec/errors.js";
import {
  ASKERS_PER_CLIENT_MAX,
  REMEMBERED_CLIENTS_MAX,
  SILENT_PORT_MS_MAX,
  SILENT_PORTS_MAX,
  WATCHERS_PER_CLIENT_MAX,
} from "../../../../src/core/spec/limits.js";
import { createPlatform } from "../../../../src/host/engine/platform.js";
import { CLOSED } from "../../../../src/link/rpc/frames.js";
import { openLink } from "../../../../src/link/rpc/link.js";
import type { Diagnostics } from "../../../../src/link/rpc/views.js";
import type { HostRequest } from "../../../../src/link/rpc/wire.js";
import { createMemoryDisk, createMemoryStore } from "../../../../src/store/memory/memory.js";
import { sendOf, startHost } from "../world.js";

const closed = (port: MessagePort) =>
  new Promise<void>((resolve) => {
    port.addEventListener("message", ({ data }) => data.type === CLOSED && resolve());
    port.start();
  });

test("a port on which nobody says hello is closed after a while, and one that did is not", async () => {
  const due: (() => void)[] = [];
  const { setTimer } = createPlatform("unused", { locks: undefined, canary: undefined });
  const world = await startHost({
    platform: {
      // So that only a silent port has a timer of its span.
      rescanMs: SILENT_PORT_MS_MAX / 2,
      setTimer(callback, ms) {
        if (ms !== SILENT_PORT_MS_MAX) return setTimer(callback, ms);
        due.push(callback);
        return () => due.splice(due.indexOf(callback), 1);
      },
    },
  });
  const silent = closed(world.port());
  const client = await world.connect("a");
  expect(due).toHaveLength(1);
  due[0]?.();
  await silent;
  await expect(client.link.call({ op: "queues" })).resolves.toEqual([]);
  await world.host.close();
});

test("of too many ports on which nobody says hello, the one that was silent for longest is closed", async () => {
  const world = await startHost();
  const first = closed(world.port());
  for (let i = 0; i < SILENT_PORTS_MAX; i++) world.port();
  await first;
  await world.host.close();
});

test("a client whose link has ended gets nothing more, and its messages go to others", async () => {
  const world = await startHost();
  const gone = await world.connect("gone");
  await gone.link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 10 });
  gone.link.close(new QueueError("closed", "gone without a goodbye"));
  const other = await world.connect("other");
  await expect.poll(async () => (await other.link.call<Diagnostics>({ op: "diagnostics" })).clients).toBe(1);
  await other.submit(sendOf(1, "for whoever is there"));
  await other.link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 10 });
  await expect.poll(() => other.pushed.length).toBe(1);
  await world.host.close();
});

test("a hello that was long under way does not take the place of a newer one, and ends nothing that is held", async () => {
  const world = await startHost();
  const older = world.port();
  const newer = await world.connect("a");
  await newer.submit(sendOf(1, "held"));
  await newer.link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 10 });
  await expect.poll(() => newer.pushed.length).toBe(1);
  const late = openLink<HostRequest, never>(older, { serve: () => undefined });
  const hello = late.call({ op: "hello", wire: [1, 0], client: "a", held: [] });
  await expect(hello).rejects.toMatchObject({ code: "closed" });
  expect(newer.link.closed.aborted).toBe(false);
  expect(await newer.link.call({ op: "stats", queue: "q" })).toMatchObject({ ready: 0, leased: 1 });
  await world.host.close();
});

test("what a page had posted is taken in although its lock was free before it arrived", async () => {
  const gone: (() => void)[] = [];
  const request = (_: string, __: LockOptions, callback: () => void) => new Promise(() => gone.push(callback));
  const world = await startHost({ platform: { locks: { request } as unknown as LockManager } });
  const page = await world.connect("page", { minor: 3 });
  gone[0]?.();
  page.submit(sendOf(1, "last words")).catch(() => {});
  const other = await world.connect("other");
  await expect.poll(() => other.link.call({ op: "stats", queue: "q" })).toMatchObject({ ready: 1 });
  expect((await other.link.call<Diagnostics>({ op: "diagnostics" })).clients).toBe(1);
  await world.host.close();
});

test("a client has so many consumers and waiting calls, and so many watchers, and no more", async () => {
  const world = await startHost();
  const { link } = await world.connect("a");
  const consume = (i: number) => link.call({ op: "consume", consumer: `c${i}`, queue: `q${i}`, prefetch: 1 });
  await Promise.all(Array.from({ length: ASKERS_PER_CLIENT_MAX }, (_, i) => consume(i)));
  await expect(consume(ASKERS_PER_CLIENT_MAX)).rejects.toMatchObject({ code: "full" });
  await link.call({ op: "cancel", waiter: "c0" });
  await consume(ASKERS_PER_CLIENT_MAX);
  const watch = (i: number) => link.call({ op: "watch", waiter: `w${i}`, queue: "q", everyMs: 1_000_000 });
  await Promise.all(Array.from({ length: WATCHERS_PER_CLIENT_MAX }, (_, i) => watch(i)));
  await expect(watch(WATCHERS_PER_CLIENT_MAX)).rejects.toMatchObject({ code: "full" });
  await world.host.close();
}, 120_000);

test("a port has one client: another name on it would be kept for ever", async () => {
  const world = await startHost();
  const { link } = await world.connect("a");
  const hello = (client: string) => link.call({ op: "hello", wire: [1, 3], client, held: [] });
  await hello("a");
  for (const name of ["b", "c"]) await expect(hello(name)).rejects.toMatchObject({ code: "invalid-argument" });
  expect((await link.call<Diagnostics>({ op: "diagnostics" })).clients).toBe(1);
  link.close(new QueueError("closed", ""));
  const { link: next } = await world.connect("b");
  await expect.poll(async () => (await next.call<Diagnostics>({ op: "diagnostics" })).clients).toBe(1);
  await world.host.close();
});

test("of the clients of one identity so many are remembered, those heard last, and all of others", async () => {
  const disk = createMemoryDisk();
  const before = createMemoryStore({ disk });
  await before.open();
  const { epoch } = await before.takeOver(({ lsn, epoch }) => ({ v: 1, lsn, epoch, at: 1, changes: [] }));
  const heardOf = async (at: number, clients: readonly string[]) => {
    const outcome = { ok: true } as const;
    const changes = clients.map((client) => ({ type: "answered", client, number: 1, confirmed: 0, outcome }) as const);
    await before.commit({ v: 1, lsn: disk.journal.size + 1, epoch, at, changes }, [], "relaxed");
  };
  const now = Date.now();
  await heardOf(now - 2_000, ["till/a", "till/b", "phone/a", "own"]);
  await heardOf(
    now - 1_000,
    Array.from({ length: REMEMBERED_CLIENTS_MAX - 1 }, (_, i) => `till/${i}`),
  );
  await before.close();
  const { host, connect } = await startHost({ store: createMemoryStore({ disk }) });
  const isKnown = async (name: string, client?: string) => {
    const grant = client === undefined ? undefined : { client, queues: {} };
    return (await connect(name, { minor: 3, ...(grant && { grant }) })).welcome.isKnown;
  };
  expect(await isKnown("a", "till")).toBe(false);
  expect(await isKnown("b", "till")).toBe(true);
  expect(await isKnown("0", "till")).toBe(true);
  expect(await isKnown("a", "phone")).toBe(true);
  expect(await isKnown("own")).toBe(true);
  await host.close();
});
