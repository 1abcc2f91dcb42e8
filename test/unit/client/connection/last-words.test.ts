// What is called in the last moment of a page, after its client has let the host go.

import { afterEach, expect, test } from "vitest";
import { type Hosts, startHosts } from "../client-fixture.js";
import { type Posted, through } from "../through.js";

let hosts: Hosts;
afterEach(() => hosts.close());

const open = async (change: (request: Posted) => Posted = (request) => request) => {
  hosts = await startHosts();
  const ports: MessagePort[] = [];
  const { connection, page } = hosts.connect(1, (port) => {
    ports.push(port);
    return through(port, change);
  });
  const queue = await connection.openQueue<unknown>("q");
  const other = await hosts.connect().connection.openQueue<unknown>("q");
  return { connection, page, queue, other, ports };
};

test("a send after its page was put to sleep is stored at once, and known once the page wakes", async () => {
  const { queue, other, page } = await open();
  page.suspend();
  const sent = [queue.send(1), queue.sendBatch([{ body: 2 }, { body: 3 }])];
  await expect.poll(() => other.stats()).toMatchObject({ ready: 3 });
  page.resume();
  expect((await Promise.all(sent)).flat()).toMatchObject([1, 2, 3].map(() => ({ duplicate: false })));
  expect((await other.peek()).map(({ body }) => body)).toEqual([1, 2, 3]);
});

test("so is what a transaction and a topic send", async () => {
  const { connection, other, page } = await open();
  const topic = await connection.openTopic<string>("t");
  const subscription = await topic.subscription("s");
  page.suspend();
  const published = topic.publish("published");
  const committed = connection.transaction((transaction) => transaction.send("q", "committed"));
  await expect.poll(() => other.stats()).toMatchObject({ ready: 1 });
  page.resume();
  await Promise.all([published, committed]);
  expect((await subscription.peek()).map(({ body }) => body)).toEqual(["published"]);
  expect((await other.peek()).map(({ body }) => body)).toEqual(["committed"]);
});

test("one that cannot be cloned keeps none of its turn back", async () => {
  const { queue, other, page } = await open();
  page.suspend();
  const sent = [queue.send(1), queue.send(new Map([[1, () => {}]])), queue.send(new Map([[3, 3]])), queue.send(4)];
  const settled = Promise.allSettled(sent);
  await expect.poll(() => other.stats()).toMatchObject({ ready: 3 });
  page.resume();
  const outcomes = await settled;
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(outcomes[1]).toMatchObject({ reason: { code: "not-cloneable" } });
  expect((await other.peek()).map(({ body }) => body)).toEqual([1, new Map([[3, 3]]), 4]);
});

test("what was called before leaves with the page, however many requests are under way", async () => {
  let posted: Posted[] = [];
  const { queue, other, page } = await open((request) => {
    posted.push(request);
    return request;
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  posted = [];
  const sent: Promise<unknown>[] = [];
  for (let i = 0; i < 12; i++) {
    sent.push(queue.send(i));
    if (i % 2) await turn();
  }
  sent.push(queue.send("last"));
  page.suspend();
  expect(posted.at(-1)?.op).toBe("suspend");
  await expect.poll(() => other.stats()).toMatchObject({ ready: 13 });
  page.resume();
  await Promise.all(sent);
  expect(await other.stats()).toMatchObject({ ready: 13 });
});

test("what is called in the task in which its page is hidden leaves with the call", async () => {
  let posted: string[] = [];
  const { queue, page } = await open((request) => {
    posted.push(request.op);
    return request;
  });
  posted = [];
  const sent = [queue.send("before")];
  page.setHidden(true);
  expect(posted).toEqual(["submit"]);
  sent.push(queue.send("after"));
  expect(posted).toEqual(["submit", "submit"]);
  await Promise.all(sent);
});

test("nothing is posted to a page that sleeps, whatever it said last", async () => {
  const { queue, other, page, ports } = await open();
  queue.consume(() => new Promise(() => {}));
  await queue.send(0);
  await expect.poll(() => other.stats()).toMatchObject({ leased: 1 });
  page.suspend();
  const heard: unknown[] = [];
  ports[0]?.addEventListener("message", ({ data }) => heard.push(data));
  queue.send(1).catch(() => {});
  queue.pause().catch(() => {});
  await expect.poll(() => other.stats()).toMatchObject({ ready: 2, leased: 0, paused: true });
  await other.send(2);
  expect(heard).toEqual([]);
});

test("what is not a submission is not taken from a page that has left", async () => {
  hosts = await startHosts();
  const client = await hosts.current.connect("a", { minor: 3 });
  const other = await hosts.connect().connection.openQueue<unknown>("q");
  const heard: unknown[] = [];
  client.link.call({ op: "suspend" }).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 20));
  client.port.addEventListener("message", ({ data }) => heard.push(data));
  client.link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 1 }).catch(() => {});
  await other.send(1);
  expect(await other.stats()).toMatchObject({ ready: 1, leased: 0 });
  expect(heard).toEqual([]);
});

test("a host of an earlier build, which would answer, gets its port closed", async () => {
  hosts = await startHosts();
  const client = await hosts.current.connect("a", { minor: 2 });
  await client.link.call({ op: "suspend" }).catch(() => {});
  await expect.poll(() => client.link.closed.aborted).toBe(true);
});
