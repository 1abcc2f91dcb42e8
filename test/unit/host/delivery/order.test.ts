// Which of the two that a commit is about hears of it first: the consumer, who waits to begin, or the sender, who has only
// to know. And neither before the commit.

import { expect, test } from "vitest";
import { openLink } from "../../../../src/link/rpc/link.js";
import type { ClientRequest, HostRequest, NumberedCommand } from "../../../../src/link/rpc/wire.js";
import { createMemoryDisk, createMemoryStore } from "../../../../src/store/memory/memory.js";
import { sendOf, startHost } from "../world.js";

async function openWorld() {
  const events: string[] = [];
  const store = createMemoryStore({ disk: createMemoryDisk() });
  const { host } = await startHost({
    store: {
      ...store,
      async commit(record, batches, durability) {
        await store.commit(record, batches, durability);
        if (record.changes.some(({ type }) => type === "accepted")) events.push("committed");
      },
    },
  });
  const connect = async (client: string) => {
    const { port1, port2 } = new MessageChannel();
    const post = port2.postMessage.bind(port2);
    port2.postMessage = (message: { argumentList?: [{ value: ClientRequest }]; value?: { value?: object } }) => {
      const op = message.argumentList?.[0].value.op;
      if (op === "deliver") events.push(`delivered to ${client}`);
      if (op === "lost") events.push(`lost by ${client}`);
      if (Object.hasOwn(message.value?.value ?? {}, "outcomes")) events.push(`answered ${client}`);
      post(message);
    };
    host.connect(port2);
    const link = openLink<HostRequest, ClientRequest>(port1, {
      serve: ({ op }) => (op === "held" ? { held: [], running: [] } : undefined),
    });
    await link.call({ op: "hello", wire: [1, 3], client, held: [] });
    return {
      consume: () => link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 10 }),
      submit: (command: NumberedCommand) => link.call({ op: "submit", confirmed: 0, commands: [command] }),
    };
  };
  return { host, events, connect };
}

test("a delivery leaves once its send is stored, before the sender is answered", async () => {
  const { host, events, connect } = await openWorld();
  const sender = await connect("sender");
  await (await connect("consumer")).consume();
  await sender.submit(sendOf(1, "body"));
  await expect.poll(() => events).toEqual(["committed", "delivered to consumer", "answered sender"]);
  await host.close();
});

test("a client that consumes what it sends hears first that it is sent", async () => {
  const { host, events, connect } = await openWorld();
  const client = await connect("both");
  await client.consume();
  await client.submit(sendOf(1, "body"));
  await expect.poll(() => events).toEqual(["committed", "answered both", "delivered to both"]);
  await host.close();
});

test("a client whose lease has ended hears so before it is handed the same message again", async () => {
  const { host, events, connect } = await openWorld();
  const client = await connect("one");
  await client.submit({ number: 1, command: { type: "configure", queue: "q", settings: { leaseMs: 300 } } });
  await client.consume();
  await client.submit(sendOf(2, "body"));
  events.shift();
  const told = ["committed", "answered one", "delivered to one", "lost by one", "delivered to one"];
  await expect.poll(() => events.slice(0, 5)).toEqual(told);
  await host.close();
});
