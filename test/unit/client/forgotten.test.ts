import { expect, test } from "vitest";
import { openLink } from "../../../src/link/rpc/link.js";
import type { HostRequest, Welcome } from "../../../src/link/rpc/wire.js";
import { StoreError } from "../../../src/store/log-store.js";
import { sendOf, startHost } from "../host/world.js";
import { startHosts } from "./client-fixture.js";

const HOUR_MS = 3_600_000;

/** Hosts whose store takes a commit and dies before it says so, once asked to. */
async function hostsThatDie() {
  let isDying = false;
  const hosts = await startHosts((store) => ({
    ...store,
    async commit(record, batches, durability) {
      await store.commit(record, batches, durability);
      if (!isDying) return;
      isDying = false;
      throw new StoreError("lost", "the connection is gone, and with it the answer");
    },
  }));
  const { connection } = hosts.connect();
  const queue = await connection.openQueue<string>("q");
  return {
    hosts,
    queue,
    die: () => {
      isDying = true;
    },
  };
}

test("what a client had open when it was forgotten ends as unknown, and is not stored twice", async () => {
  const { hosts, queue, die } = await hostsThatDie();
  await queue.send("known");
  die();
  const open = queue.send("open");
  const ended = expect(open).rejects.toMatchObject({ code: "host-lost" });
  await hosts.current.host.ended.catch(() => {});
  await hosts.change({ now: () => Date.now() + 25 * HOUR_MS });
  await ended;
  expect((await queue.peek({ max: 10 })).map(({ body }) => body)).toEqual(["known", "open"]);
  await hosts.close();
});

test("what a client had open is sent again, and stored once, while it is remembered", async () => {
  const { hosts, queue, die } = await hostsThatDie();
  await queue.send("known");
  die();
  const open = queue.send("open");
  await hosts.current.host.ended.catch(() => {});
  await hosts.change({ now: () => Date.now() + 23 * HOUR_MS });
  await expect(open).resolves.toMatchObject({ duplicate: false });
  expect((await queue.peek({ max: 10 })).map(({ body }) => body)).toEqual(["known", "open"]);
  await hosts.close();
});

test("clients that will not come back are forgotten while the host lives", async () => {
  let laterMs = 0;
  const world = await startHost({ platform: { now: () => Date.now() + laterMs } });
  const gone = await world.connect("gone");
  await gone.submit(sendOf(1, "sent before it went"));
  await gone.link.call({ op: "suspend" }).catch(() => {});
  laterMs = 25 * HOUR_MS;
  const other = await world.connect("other");
  await other.submit(sendOf(1, "a turn"));
  await other.submit(sendOf(2, "another"));
  const again = world.port();
  const link = openLink<HostRequest, unknown>(again, { serve: () => undefined });
  const welcome = await link.call<Welcome>({ op: "hello", wire: [1, 3], client: "gone", held: [] });
  expect(welcome.isKnown).toBe(false);
  await world.host.close();
});
