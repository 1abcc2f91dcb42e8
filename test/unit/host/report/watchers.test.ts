// Watchers of statistics wait for spans of time, whatever the clock on the wall is set to.

import { expect, test } from "vitest";
import { connectTo } from "../../client/client-fixture.js";
import { startHost } from "../world.js";

test("statistics are pushed on although the clock was set back by an hour", async () => {
  let setBackMs = 0;
  const world = await startHost({ platform: { now: () => Date.now() - setBackMs } });
  const { connection } = connectTo(() => world.port());
  const queue = await connection.openQueue<number>("q");
  const seen: number[] = [];
  queue.subscribeStats(({ ready }) => seen.push(ready), { everyMs: 50 });
  await expect.poll(() => seen).toEqual([0]);
  setBackMs = 3_600_000;
  await queue.send(1);
  await expect.poll(() => seen.at(-1)).toBe(1);
  await connection.close();
  await world.host.close();
});
