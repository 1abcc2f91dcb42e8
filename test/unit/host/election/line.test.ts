// Contexts that stand for host in line: the one that comes first is not always the best.

import { expect, test } from "vitest";
import { stand } from "../../../../src/host/election/candidate.js";
import { deferred } from "../../../../src/link/rpc/deferred.js";
import type { HostKind } from "../../../../src/link/rpc/wire.js";
import { createAsking } from "../../../../src/wiring/asking.js";
import { createLocks } from "../../client/locks.js";
import { missingFirst } from "../../link/finding/missing-first.js";

test("the best hosts, though another stood in line before it when the holder let go", async () => {
  const locks = createLocks();
  const hosts: HostKind[] = [];
  const standFor = (kind: HostKind, asking = createAsking("in-line")) =>
    stand({
      kind,
      locks,
      lock: "host",
      asking,
      async openHost() {
        hosts.push(kind);
        const { promise: ended, resolve } = deferred<void>();
        return { epoch: hosts.length, lock: undefined, connect() {}, ended, close: async () => resolve() };
      },
    });
  const first = standFor("dedicated-worker");
  expect(await first).toMatchObject({ epoch: 1 });
  const second = standFor("dedicated-worker", missingFirst(createAsking("in-line"), "originmq:here"));
  const best = standFor("shared-worker");
  const [between, last] = await Promise.all([second, best]);
  expect(hosts).toEqual(["dedicated-worker", "dedicated-worker", "shared-worker"]);
  expect([between, last]).toEqual([expect.objectContaining({ epoch: 2 }), expect.objectContaining({ epoch: 3 })]);
  await Promise.all([between, last].map((host) => "close" in host && host.close()));
});
