// A thousand clients that come back at once, and one that stops reading.

import { expect, test } from "vitest";
import { returnAtOnce, toldOf } from "./crowd.js";
import { startDevice } from "./device-process.js";
import { createRecorder, joinAs, judge, until } from "./recorder.js";
import { folderFor, hasServer, startServerProcess } from "./server-process.js";

test.skipIf(!hasServer).each([1_000])("%i clients that come back at once keep what they hold", async (clients) => {
  const returned = await returnAtOnce(clients);
  console.log(toldOf(returned));
  expect(returned).toMatchObject({ held: clients, acked: clients, deliveries: clients });
});

test.skipIf(!hasServer)(
  "a client that stops reading is let go, what it had goes to others, and it is told",
  async () => {
    const folder = folderFor("masses");
    const server = await startServerProcess({ reconnectMs: 500 }, folder);
    const url = `${server.url}/mq/deaf`;
    const recorder = createRecorder();
    const office = await joinAs("office", recorder, { url });
    const deaf = await startDevice(recorder, { name: "deaf", url }, folder);
    // More than it can handle, so that it holds some when it stops.
    await deaf.evaluate((device) => device.consume({ handlerMs: 50, concurrency: 4, prefetch: 64 }));
    expect(await office.send(200, 10_000)).toEqual([]);
    await until("it handles", () => recorder.count("delivered") > 4);
    const stall = (begins: boolean) =>
      recorder.history.push({ type: "stall", consumer: "deaf", at: performance.now(), ...(begins && { begins }) });
    stall(true);
    process.kill(deaf.pid, "SIGSTOP");
    office.start({ everyMs: 100 });
    const stored = () => recorder.count("sent");
    await until("all but what it holds is handled", async () => {
      const { leased } = await office.queue.stats();
      return leased > 0 && recorder.count("settled") > 50;
    });
    await until("what it held is handled, too", () => recorder.count("settled") >= stored() - 8);
    process.kill(deaf.pid, "SIGCONT");
    stall(false);
    await until("it is back", async () => (await deaf.evaluate(({ connection }) => connection.host?.epoch)) === 1);
    await deaf.evaluate((device) => device.stopConsuming());
    const { duplicated } = await judge(recorder, [office], { url });
    expect(duplicated["lease-ended"] + duplicated.crash).toBeGreaterThan(0);
    await deaf.kill();
    await server.close();
  },
);
