// How often clients are asked what they hold: each lease and each handler by the limits of its own queue.

import { expect, test } from "vitest";
import { startHosts } from "../../client/client-fixture.js";

test("a long handler of one queue does not make the host ask for another's, whose handlers may run less long", async () => {
  const hosts = await startHosts();
  let questions = 0;
  const { connection } = hosts.connect(1, (port) => {
    port.addEventListener("message", ({ data }) => {
      const { argumentList: [asked] = [] } = data as { argumentList?: readonly { value?: { op?: string } }[] };
      if (asked?.value?.op === "held") questions++;
    });
    return port;
  });
  const brief = await connection.openQueue<number>("brief", { handlerTimeoutMs: 1_000 });
  const long = await connection.openQueue<number>("long", { handlerTimeoutMs: 60_000 });
  let end = () => {};
  long.consume(
    () =>
      new Promise<void>((resolve) => {
        end = resolve;
      }),
  );
  await long.send(1);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  brief.consume(() => new Promise((resolve) => setTimeout(resolve, 700)));
  await brief.sendBatch(Array.from({ length: 5 }, (_, body) => ({ body })));
  const before = { questions, commits: (await connection.diagnostics()).commits };
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect((await connection.diagnostics()).commits - before.commits).toBeLessThan(20);
  expect(questions - before.questions).toBeLessThan(20);
  end();
  await hosts.close();
});
