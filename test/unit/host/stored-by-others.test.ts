// Stores into which something else has written.

import { expect, test } from "vitest";
import { createMemoryDisk, createMemoryStore } from "../../../src/store/memory/memory.js";
import { startHost } from "./world.js";

test("a host that cannot begin with what is stored says so, and leaves nothing that runs on without it", async () => {
  const disk = createMemoryDisk();
  const answered = { type: "answered", client: 7, number: 1, confirmed: 0, outcome: { ok: true } };
  const message = { queue: "q", seq: 1, bodySeq: 1, count: 1, priority: 4, groups: "g" };
  const changes = [
    { type: "stored", firstSeq: 1, count: 1, bytes: 1 },
    { type: "accepted", ...message, dueAt: Date.now() + 50 },
    { type: "leased", queue: "q", client: "a", grant: "g", mode: "consume", until: Date.now() + 50, seqs: [1, 1] },
  ];
  disk.journal.set(1, { v: 1, lsn: 1, epoch: 1, at: 5, changes: [...changes, answered] } as never);
  const rejections: unknown[] = [];
  const note = (reason: unknown) => void rejections.push(reason);
  process.on("unhandledRejection", note);
  const opening = startHost({ store: createMemoryStore({ disk }) });
  await expect(opening).rejects.toThrow("is not a function");
  // What is due then would be a turn of its loop.
  await new Promise((resolve) => setTimeout(resolve, 300));
  process.off("unhandledRejection", note);
  expect(rejections).toEqual([]);
});
