import { afterEach, expect, test } from "vitest";
import { type Connection, connect } from "../../../src/index.js";

let connection: Connection | undefined;
afterEach(() => connection?.close({ force: true }));

const blockFor = (ms: number) => {
  const endsAt = performance.now() + ms;
  while (performance.now() < endsAt);
};
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

// Each pause is longer than a lease, or ends in the middle of a question to the client. A lease is long against what a
// busy machine does to both of them.
test.each([100, 240, 320, 450, 800])(
  "a host that stands still for %i ms takes no lease from a handler that lives",
  async (pauseMs) => {
    connection = await connect({ database: `stall-${pauseMs}`, storage: "memory" });
    const queue = await connection.openQueue("slow", { leaseMs: 400 });
    let runs = 0;
    queue.consume(async () => {
      runs++;
      await wait(1_300);
    });
    await queue.send("once");
    for (const gapMs of [15, 95, 160]) {
      await wait(gapMs);
      blockFor(pauseMs);
    }
    await queue.whenIdle();
    expect(runs).toBe(1);
    expect((await queue.stats()).totals).toMatchObject({ acked: 1, deliveries: 1 });
  },
);
