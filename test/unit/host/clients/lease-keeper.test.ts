// How often clients are asked what they hold: each lease and each handler by the limits of its own queue.

import { expect, test } from "vitest";
import { startHosts } from "../../client/client-fixture.js";
import { sendOf, startHost } from "../world.js";

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

test("a client that does not answer what it holds keeps that for as long as nothing is heard of it, and no longer", async () => {
  const world = await startHost();
  let heard = 0;
  const client = await world.connect("a", { onHeld: () => new Promise(() => {}), heard: () => heard });
  await client.submit(
    { number: 1, command: { type: "configure", queue: "q", settings: { leaseMs: 100 } } },
    sendOf(2, "held"),
  );
  await client.link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 1 });
  await expect.poll(() => client.pushed.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect([client.lost, client.pushed.length]).toEqual([[], 1]);
  const living = setInterval(() => heard++, 10);
  await expect.poll(() => client.lost).toMatchObject([{ reason: "lease-expired" }]);
  clearInterval(living);
  await world.host.close();
});
