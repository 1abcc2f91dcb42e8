// The browser's own account of what is left.

import { expect, test } from "vitest";
import { connect, type StorageAccount } from "../../src/index.js";

test("whoever listens is told by the browser's account, and by what is stored since", { timeout: 60_000 }, async () => {
  const database = `low-storage-${crypto.randomUUID()}`;
  // All of it: any byte that is stored is one too many.
  const connection = await connect({ database, lowStorage: 1 });
  const told: StorageAccount[] = [];
  connection.addEventListener("storagelow", ({ detail }) => told.push(detail));
  const queue = await connection.openQueue<string>("q");
  for (let i = 0; told.length === 0 && i < 60; i++) {
    await queue.send("x".repeat(100_000));
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  expect(told[0]?.usage).toBeGreaterThan(0);
  expect(told[0]?.quota).toBeGreaterThan(told[0]?.usage as number);
  expect(told).toHaveLength(1);
  await connection.close();
});

test("an option of connections alone, and of those whose messages the browser stores", async () => {
  const refused = (options: object) =>
    expect(connect(options)).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringMatching(/lowStorage/),
    });
  await refused({ lowStorage: 2 });
  await refused({ url: "wss://example.com/mq/d", lowStorage: 0.5 });
});
