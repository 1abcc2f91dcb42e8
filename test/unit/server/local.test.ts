import { expect, test } from "vitest";
import { createDatabases } from "../../../src/server/databases.js";
import { connectHere } from "../../../src/server/local.js";
import { createMemoryDisk, createMemoryStore } from "../../../src/store/memory/memory.js";
import { atEnd } from "./world.js";

test("a connection of the server's own process hears what the next host announces, too", async () => {
  const disk = createMemoryDisk();
  const databases = createDatabases({
    openStore: async () => createMemoryStore({ disk }),
    reconnectMs: 100,
    report: () => {},
  });
  atEnd(() => databases.close());
  const here = await connectHere(() => databases.open("shop"));
  atEnd(() => here.close({ force: true }));
  const queue = await here.openQueue<number>("orders");
  let heard = 0;
  queue.addEventListener("paused", () => void heard++);
  await queue.pause();
  await expect.poll(() => heard).toBe(1);
  await (await databases.open("shop")).host.close();
  await queue.resume();
  await queue.pause();
  // The next host tells the state that it has found, too.
  await expect.poll(() => heard).toBeGreaterThan(1);
});
