// What a client that has come over a network may do, and what it learns of what it may not.

import { describe, expect, test } from "vitest";
import { accessOf, type Grant, VERBS, type Verb } from "../../../../src/host/clients/access.js";
import { CLOSED } from "../../../../src/link/rpc/frames.js";
import { replyQueueOf } from "../../../../src/link/rpc/names.js";
import type { ClientCommand, HostRequest } from "../../../../src/link/rpc/wire.js";
import { sendOf, startHost } from "../world.js";

const grantOf = (queues: Grant["queues"], client = "till"): Grant => ({ client, queues });
const messages = { segments: [{ count: 1, priority: 4 }], bodies: ["x"] };

/** Each command that names a queue, with the verb that it takes. */
const COMMANDS: readonly (readonly [Verb, ClientCommand])[] = [
  ["send", { type: "send", queue: "q", atomic: true, ...messages }],
  ["send", { type: "publish", topic: "q", ...messages }],
  ["send", { type: "transaction", sends: [{ queue: "q", ...messages }], settlements: [] }],
  [
    "manage",
    { type: "schedule", queue: "q", id: "s", spec: { everyMs: 60_000, catchUp: "one", priority: 4 }, bodies: ["x"] },
  ],
  ["manage", { type: "unschedule", queue: "q", id: "s" }],
  ["manage", { type: "configure", queue: "q", settings: { maxDeliveries: 3 } }],
  ["manage", { type: "pause", queue: "q", paused: false }],
  ["manage", { type: "purge", queue: "q" }],
  ["manage", { type: "redrive", queue: "q", filter: {} }],
  ["manage", { type: "purge-dead", queue: "q", filter: {} }],
  ["manage", { type: "replace", queue: "q", id: "i", isDead: false, bodies: ["x"] }],
  ["manage", { type: "delete", queue: "q" }],
];

const REQUESTS: readonly (readonly [Verb, HostRequest])[] = [
  ["consume", { op: "consume", consumer: "c", queue: "q", prefetch: 1 }],
  ["consume", { op: "receive", waiter: "w", queue: "q", max: 1, waitMs: 0, mode: "receive" }],
  ["send", { op: "room", waiter: "w", queue: "q", count: 1, bytes: 1 }],
  ["send", { op: "fates", queue: "q", ids: ["a"] }],
  ["send", { op: "group", queue: "q", group: "g" }],
  ["peek", { op: "peek", queue: "q", max: 1, states: [] }],
  ["peek", { op: "dead-letters", queue: "q", max: 1 }],
  ["peek", { op: "schedules", queue: "q" }],
];

/** What each of two verbs is enough for. */
const COUNTS: readonly HostRequest[] = [
  { op: "stats", queue: "q" },
  { op: "watch", waiter: "s", queue: "q", everyMs: 1_000 },
];

/** May do everything but this. */
const allBut = (...verbs: Verb[]): Grant => grantOf({ q: VERBS.filter((one) => !verbs.includes(one)), other: verbs });
const only = (verb: Verb): Grant => grantOf({ "q*": [verb] });
const denied = (verb: Verb) => ({
  code: "denied",
  detail: { verb, queue: "q" },
  message: expect.stringContaining(verb),
});

describe("a verb lets do what it names, and nothing else does", () => {
  test.each(COMMANDS)("%s: %o", async (verb, command) => {
    const world = await startHost();
    const refused = await world.connect("a", { minor: 3, grant: allBut(verb) });
    expect((await refused.submit({ number: 1, command })).outcomes).toMatchObject([{ ok: false, ...denied(verb) }]);
    const allowed = await world.connect("b", { minor: 3, grant: only(verb) });
    expect((await allowed.submit({ number: 1, command })).outcomes).toMatchObject([{ ok: true }]);
    await world.host.close();
  });

  test.each(REQUESTS)("%s: %o", async (verb, request) => {
    const world = await startHost();
    const refused = await world.connect("a", { minor: 3, grant: allBut(verb) });
    await expect(refused.link.call(request)).rejects.toMatchObject(denied(verb));
    const allowed = await world.connect("b", { minor: 3, grant: only(verb) });
    await expect(allowed.link.call(request)).resolves.toSatisfy(() => true);
    await world.host.close();
  });

  test.each(COUNTS)("consume or peek: %o", async (request) => {
    const world = await startHost();
    const refused = await world.connect("a", { minor: 3, grant: allBut("consume", "peek") });
    await expect(refused.link.call(request)).rejects.toMatchObject(denied("peek"));
    for (const verb of ["consume", "peek"] as const) {
      const allowed = await world.connect(verb, { minor: 3, grant: only(verb) });
      await expect(allowed.link.call(request)).resolves.toSatisfy(() => true);
    }
    await world.host.close();
  });

  test("of a topic's subscription, consume: subscribing; manage: its end", async () => {
    const world = await startHost();
    const { submit } = await world.connect("a", { grant: grantOf({ "news/mine": ["consume"] }) });
    const to = (type: "subscribe" | "unsubscribe", subscription: string): ClientCommand => ({
      ...{ type, topic: "news", subscription },
    });
    const { outcomes } = await submit(
      { number: 1, command: to("subscribe", "mine") },
      { number: 2, command: to("subscribe", "others") },
      { number: 3, command: to("unsubscribe", "mine") },
    );
    expect(outcomes).toMatchObject([{ ok: true }, { ok: false, code: "denied" }, { ok: false, code: "denied" }]);
    await world.host.close();
  });
});

test("what one command may not do has nothing to do with those beside it, and nothing of it is done", async () => {
  const world = await startHost();
  const owner = await world.connect("owner");
  const { submit } = await world.connect("a", { grant: grantOf({ q: ["send"] }) });
  const send = (queue: string): ClientCommand => ({ type: "send", queue, atomic: true, ...messages });
  const { outcomes } = await submit(
    { number: 1, command: send("q") },
    { number: 2, command: send("secret") },
    {
      number: 3,
      command: {
        type: "transaction",
        sends: [
          { queue: "q", ...messages },
          { queue: "secret", ...messages },
        ],
        settlements: [],
      },
    },
    { number: 4, command: send("q") },
  );
  expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, false, true]);
  await expect(owner.link.call({ op: "queues" })).resolves.toEqual(["q"]);
  await expect(owner.link.call({ op: "stats", queue: "q" })).resolves.toMatchObject({ ready: 2 });
  await world.host.close();
});

test("no answer says whether a queue exists that one may not see", async () => {
  const world = await startHost();
  const owner = await world.connect("owner");
  await owner.submit(sendOf(1, "there is a queue q"));
  const { link, submit } = await world.connect("a", { minor: 3, grant: grantOf({ "mine-*": ["send", "peek"] }) });
  await submit({ number: 1, command: { type: "send", queue: "mine-1", atomic: true, ...messages } });
  const told = async (queue: string) => {
    const asked = [
      ...REQUESTS.map(([, request]) => ({ ...request, queue }) as HostRequest),
      { op: "idle", waiter: "i", queue } as const,
    ];
    const said = await Promise.all(asked.map((request) => link.call(request).catch((error) => String(error))));
    const { outcomes } = await submit(
      ...COMMANDS.map(([, command], i) => ({ number: 100 + i, command: named(command, queue) })),
    );
    return JSON.stringify([said, outcomes]).replaceAll(`\\"${queue}\\"`, "NAME").replaceAll(`"${queue}"`, "NAME");
  };
  expect(await told("q")).toBe(await told("none"));
  await expect(link.call({ op: "queues" })).resolves.toEqual(["mine-1"]);
  expect(await link.call({ op: "summaries" })).toMatchObject([{ name: "mine-1" }]);
  await expect(link.call({ op: "diagnostics" })).rejects.toMatchObject({ code: "denied" });
  await world.host.close();
});

test("whoever may manage some queue hears who is connected, and what they hold of queues that it may see", async () => {
  const world = await startHost();
  const { link, submit } = await world.connect("a", { grant: grantOf({ "*": ["send", "consume"] }, "till") });
  await submit(
    { number: 1, command: { type: "send", queue: "seen", atomic: true, ...messages } },
    { number: 2, command: { type: "send", queue: "hidden", atomic: true, ...messages } },
  );
  for (const queue of ["seen", "hidden"])
    await link.call({ op: "receive", waiter: queue, queue, max: 1, waitMs: 0, mode: "receive" });
  await expect(link.call({ op: "clients" })).rejects.toMatchObject({ code: "denied", detail: { verb: "manage" } });
  const boss = await world.connect("b", { grant: grantOf({ seen: ["manage"] }, "boss") });
  expect(await boss.link.call({ op: "clients" })).toEqual([
    { id: "till/a", name: "till", held: { seen: 1 } },
    { id: "boss/b", name: "boss", held: {} },
  ]);
  await world.host.close();
});

test("an inspection shows what the client may see, and takes the right to manage some queue", async () => {
  const world = await startHost();
  const { link, submit } = await world.connect("a", { grant: grantOf({ "*": ["send", "consume"] }, "till") });
  await submit(
    { number: 1, command: { type: "send", queue: "seen", atomic: true, ...messages } },
    { number: 2, command: { type: "send", queue: "hidden", atomic: true, ...messages } },
    { number: 3, command: { type: "subscribe", topic: "seen", subscription: "s" } },
    { number: 4, command: { type: "subscribe", topic: "seen", subscription: "hidden" } },
    { number: 5, command: { type: "send", queue: "seen/s", atomic: true, ...messages } },
    { number: 6, command: { type: "send", queue: "seen/hidden", atomic: true, ...messages } },
  );
  for (const queue of ["seen", "hidden"]) {
    await link.call({ op: "receive", waiter: queue, queue, max: 1, waitMs: 0, mode: "receive" });
    await link.call({ op: "consume", consumer: `of ${queue}`, queue, prefetch: 1 });
  }
  const asked = { op: "inspect", match: "" } as const;
  await expect(link.call(asked)).rejects.toMatchObject({ code: "denied", detail: { verb: "manage" } });
  const boss = await world.connect("b", { grant: grantOf({ seen: ["manage"], "seen/s": ["peek"] }, "boss") });
  expect(await boss.link.call(asked)).toMatchObject({
    queues: [{ name: "seen" }, { name: "seen/s" }],
    queueCount: 2,
    topics: [{ name: "seen", subscriptions: { s: {} } }],
    clients: [{ name: "till", leases: [{ queue: "seen" }], consumers: [{ queue: "seen" }] }, { name: "boss" }],
  });
  expect(JSON.stringify(await boss.link.call(asked))).not.toContain("hidden");
  await world.host.close();
});

const named = (command: ClientCommand, queue: string): ClientCommand =>
  JSON.parse(JSON.stringify(command).replaceAll('"q"', JSON.stringify(queue)));

test("whoever may do anything with a queue may open it as it is, and others may not", async () => {
  const world = await startHost();
  const command = { type: "configure", queue: "q", settings: {} } as const;
  for (const verb of VERBS) {
    const { submit } = await world.connect(verb, { grant: only(verb) });
    expect((await submit({ number: 1, command })).outcomes).toMatchObject([{ ok: true }]);
  }
  const { submit } = await world.connect("none", { grant: grantOf({ q: [], p: ["manage"] }) });
  expect((await submit({ number: 1, command })).outcomes).toMatchObject([{ ok: false, code: "denied" }]);
  await world.host.close();
});

test("one who calls itself what another is called gets nothing of the other's", async () => {
  const world = await startHost();
  const victim = await world.connect("same", { minor: 3, grant: grantOf({ q: ["send", "consume"] }, "till-1") });
  await victim.submit(sendOf(1, "work"));
  await victim.link.call({ op: "consume", consumer: "c", queue: "q", prefetch: 1 });
  await expect.poll(() => victim.pushed.length).toBe(1);
  const [{ grant, seqs }] = victim.pushed as [(typeof victim.pushed)[number]];
  const thief = await world.connect("same", { minor: 3, grant: grantOf({ q: ["consume"] }, "till-2") });
  const settlement = { grant, seqs, verdict: { type: "ack" } } as const;
  const { outcomes } = await thief.submit({ number: 1, command: { type: "settle", settlements: [settlement] } });
  expect(outcomes).toMatchObject([{ ok: true, value: { lost: [{ grant, seqs }] } }]);
  const own = await victim.submit({ number: 2, command: { type: "settle", settlements: [settlement] } });
  expect(own.outcomes).toMatchObject([{ ok: true, value: { lost: [] } }]);
  await world.host.close();
});

test("the reply queue of a client is its own; who consumes may answer there", async () => {
  const world = await startHost();
  const asker = await world.connect("id", { minor: 3, grant: grantOf({ q: ["send"] }, "till-1") });
  expect(asker.welcome.client).toBe("till-1/id");
  const replies = replyQueueOf("till-1/id");
  const configure = { type: "configure", queue: replies, settings: { durability: "relaxed" } } as const;
  expect((await asker.submit({ number: 1, command: configure })).outcomes).toMatchObject([{ ok: true }]);
  const answer = { type: "send", queue: replies, atomic: true, ...messages } as const;
  const worker = await world.connect("w", { minor: 3, grant: grantOf({ q: ["consume"] }, "worker") });
  expect((await worker.submit({ number: 1, command: answer })).outcomes).toMatchObject([{ ok: true }]);
  await expect(worker.link.call({ op: "peek", queue: replies, max: 1, states: [] })).rejects.toMatchObject({
    code: "denied",
  });
  const sender = await world.connect("s", { minor: 3, grant: grantOf({ "*": ["send", "peek", "manage"] }, "sender") });
  expect((await sender.submit({ number: 1, command: answer })).outcomes).toMatchObject([{ ok: false, code: "denied" }]);
  await asker.link.call({ op: "consume", consumer: "c", queue: replies, prefetch: 9 });
  await expect.poll(() => asker.pushed.length).toBe(1);
  await world.host.close();
});

test("a grant that has expired ends the link, and one that has not does not", async () => {
  const world = await startHost();
  const ended = (expiresAt: number) =>
    new Promise<number>((resolve) => {
      const port = world.port({ ...grantOf({ q: ["send"] }), expiresAt });
      port.addEventListener("message", ({ data }) => data.type === CLOSED && resolve(Date.now()));
      port.start();
    });
  const soon = Date.now() + 50;
  const later = ended(soon + 3_600_000);
  expect(await Promise.race([ended(soon), later])).toBeGreaterThanOrEqual(soon);
  expect(await Promise.race([later, "open"])).toBe("open");
  await world.host.close();
});

test.each<[string, unknown]>([
  ["authorize()", "everything"],
  ["authorize().client", { queues: {} }],
  ["authorize().client", { client: "", queues: {} }],
  ["authorize().client", { client: "till/3", queues: {} }],
  ["authorize().queues", { client: "till", queues: ["orders"] }],
  ['authorize().queues["orders"][0]', { client: "till", queues: { orders: ["read"] } }],
  ["authorize().expiresAt", { client: "till", queues: {}, expiresAt: "tomorrow" }],
  ["role", { client: "till", queues: {}, role: "admin" }],
])("a grant that is none is refused, naming %s", (name, grant) => {
  expect(() => accessOf(grant as Grant)).toThrow(name);
});
