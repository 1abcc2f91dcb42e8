// What a client says while the worker of its host is still starting.

import { afterEach, expect, test } from "vitest";
import { type Client, createClient } from "../../../../src/client/connection/client.js";
import { openWholeQueue } from "../../../../src/client/connection/open-queue.js";
import { whole } from "../../../../src/client/connection/whole.js";
import { runtime } from "../../../../src/client/runtime/runtime.js";
import { answerOpening } from "../../../../src/link/finding/answering.js";
import { OPENED, requestOpening } from "../../../../src/link/finding/opening.js";
import type { Port } from "../../../../src/link/rpc/guard.js";
import { startHost, type TestHost } from "../../host/world.js";

type Answer = (port: MessagePort, host: Promise<TestHost["host"]>) => void;

const answer: Answer = (port, host) => answerOpening(port, () => host);

/** A worker of a build that kept nothing of what came before its host was there. */
const answerAsBefore: Answer = (port, host) => {
  const onMessage = async () => {
    port.removeEventListener("message", onMessage);
    (await host).connect(port as Port);
    port.postMessage({ type: OPENED, ok: true, isElsewhere: false });
  };
  port.addEventListener("message", onMessage);
  port.start();
};

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A client of a host that is there once `begin` is called; `said`: what the client asked for on its port. */
async function connectEarly(by: Answer) {
  const { host } = await startHost();
  ends.push(() => host.close());
  const said: string[] = [];
  let begin = () => {};
  const begun = new Promise<typeof host>((resolve) => {
    begin = () => resolve(host);
  });
  const client = createClient({
    runtime,
    locks: undefined,
    presenceLock: (name) => name,
    rest: async () => whole,
    openNotices: () => undefined,
    async openPort(onPort) {
      const { port1, port2 } = new MessageChannel();
      by(port2, begun);
      const { postMessage } = port1;
      port1.postMessage = (data, ...rest: unknown[]) => {
        const { op } = data.argumentList?.[0]?.value ?? {};
        if (op) said.push(op);
        postMessage.apply(port1, [data, ...rest] as Parameters<typeof postMessage>);
      };
      const asked = requestOpening(port1, { storage: "memory", database: "test" });
      onPort(port1);
      const { lock, isHeard } = await asked;
      return { port: port1, lock, isHeard };
    },
  });
  ends.push(() => client.close({ force: true }));
  return { client, said, begin };
}

const open = (client: Client, signal?: AbortSignal) =>
  openWholeQueue(client, "orders", { options: { maxDeliveries: 7 }, lazy: false, signal }, async () => {});

test("the settings of the first queue go with the hello, before there is a host", async () => {
  const { client, said, begin } = await connectEarly(answer);
  const opening = open(client);
  await expect.poll(() => said).toEqual(["hello", "submit"]);
  begin();
  const queue = await opening;
  expect(said).toEqual(["hello", "submit"]);
  await queue.send("a");
  const { settings, ready } = await queue.stats();
  expect({ ready, maxDeliveries: settings.maxDeliveries }).toEqual({ ready: 1, maxDeliveries: 7 });
});

test("a host of an earlier build, which has not heard it, is told again, and does it once", async () => {
  const { client, said, begin } = await connectEarly(answerAsBefore);
  const opening = open(client);
  await expect.poll(() => said).toEqual(["hello", "submit"]);
  begin();
  const queue = await opening;
  expect(said).toEqual(["hello", "submit", "hello", "submit"]);
  await queue.send("a");
  expect(await queue.stats()).toMatchObject({ ready: 1 });
  expect(await client.ask({ op: "diagnostics" })).toMatchObject({ clients: 1, refusedMessages: 0, commits: 2 });
});

test("who gives up opening a queue whose host never comes leaves nothing to wait for", async () => {
  const { client, said } = await connectEarly(answer);
  const giveUp = new AbortController();
  const opening = open(client, giveUp.signal);
  await expect.poll(() => said).toContain("submit");
  giveUp.abort(new Error("given up"));
  await expect(opening).rejects.toThrow("given up");
  expect(await Promise.race([client.pipeline.drained(), new Promise((end) => setTimeout(end, 500, "waits"))])).toBe(
    undefined,
  );
});
