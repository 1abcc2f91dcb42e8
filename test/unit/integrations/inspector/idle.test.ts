// What a host runs for a message is the same whether somebody has inspected it or not: its calls are counted by V8.

import { Session } from "node:inspector/promises";
import { expect, test } from "vitest";
import { connect, type Queue } from "../../../../src/index.js";

const MESSAGES = 50;
/** Without what is searched as long as bodies are being rewritten in the background. */
const OF_A_HOST = /\/src\/(core|host)\/(?!state\/batch-index)/;

/** Each message by itself, so that every run makes the same commits. */
async function work(queue: Queue<number>): Promise<void> {
  for (let n = 0; n < MESSAGES; n++) {
    await queue.send(n);
    const [delivery] = await queue.receive({ max: 1 });
    await delivery?.ack();
  }
}

test("a host calls not one function more for a message after it was inspected", async () => {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  /** How often each function of a new host was called for messages, its first ones apart. */
  const counted = async (inspect: (connection: Awaited<ReturnType<typeof connect>>) => unknown) => {
    const connection = await connect({ storage: "memory" });
    const queue = await connection.openQueue<number>("q");
    await work(queue);
    await inspect(connection);
    await session.post("Profiler.takePreciseCoverage");
    await work(queue);
    const { result } = await session.post("Profiler.takePreciseCoverage");
    await connection.close();
    const counts = result
      .filter(({ url }) => OF_A_HOST.test(url))
      .flatMap(({ url, functions }) =>
        functions.map(({ functionName, ranges: [all] }): [string, number] => {
          return [`${url} ${functionName} ${all?.startOffset}`, all?.count ?? 0];
        }),
      );
    return new Map(counts);
  };
  const inspected = await counted(async (connection) => {
    await connection.inspect();
    await connection.journal();
  });
  const never = await counted(() => {});
  session.disconnect();

  expect([...never.values()].filter((count) => count >= MESSAGES).length).toBeGreaterThan(150);
  // A timer may have run once more. What runs for each message runs more often than that.
  const more = [...inspected].filter(([called, count]) => count - (never.get(called) ?? 0) >= MESSAGES / 2);
  expect(more).toEqual([]);
});
