// A queue of which nothing can be handed out, because of a bug or because of what is stored one thing contradicts another.

import { expect, test, vi } from "vitest";
import { connect } from "../../../../src/index.js";

vi.mock("../../../../src/core/commands/deliver.js", async (original) => {
  const { deliver } = await original<typeof import("../../../../src/core/commands/deliver.js")>();
  return {
    deliver(...asked: Parameters<typeof deliver>) {
      if (asked[1].queue === "broken") throw new Error("one thing contradicts another");
      return deliver(...asked);
    },
  };
});

test("is left aside: who takes its messages hears why, once, and everything else goes on", async () => {
  const connection = await connect({ storage: "memory", database: "aside" });
  const [broken, sound] = [await connection.openQueue("broken"), await connection.openQueue("sound")];
  const handled: unknown[] = [];
  sound.consume(({ body }) => void handled.push(body));
  const consumer = broken.consume(() => {});
  const why = { code: "internal", message: expect.stringContaining("one thing contradicts another") };
  const ended = expect(consumer.closed).rejects.toMatchObject(why);
  const waiting = expect(broken.receive({ waitMs: 60_000 })).rejects.toMatchObject(why);

  await broken.send(1);
  await Promise.all([ended, waiting]);
  await expect(broken.receive()).rejects.toMatchObject(why);
  await sound.send(2);
  await expect.poll(() => handled, { timeout: 10_000 }).toEqual([2]);
  await broken.send(3);
  expect(await broken.stats()).toMatchObject({ ready: 2, leased: 0 });
  expect(await connection.diagnostics()).toMatchObject({ epoch: 1 });
  await connection.close();
});
