// What a hostile or broken peer of the same origin can post, and what the host makes of it.

import { expose } from "comlink";
import { afterEach, describe, expect, test } from "vitest";
import type { Diagnostics } from "../../../src/link/rpc/views.js";
import type { HandOut, HostRequest, NumberedCommand } from "../../../src/link/rpc/wire.js";
import { sendOf, startHost, type TestHost } from "./world.js";

const opened: TestHost[] = [];
const start = async () => {
  const world = await startHost();
  opened.push(world);
  return world;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ host }) => host.close()));
});

const raw = (value: unknown) => ({ type: "RAW", value });

/** Messages as Comlink writes them, that reach for more than the one function that is offered. */
const ATTACKS: readonly (readonly [string, object])[] = [
  [
    "sets a property on the prototype of every object",
    { id: "1", type: "SET", path: ["__proto__", "__proto__", "polluted"], value: raw("yes") },
  ],
  [
    "builds a function out of text",
    { id: "2", type: "CONSTRUCT", path: ["constructor"], argumentList: [raw("globalThis.stolen = 1")] },
  ],
  [
    "calls through the prototype chain",
    { id: "3", type: "APPLY", path: ["constructor", "constructor"], argumentList: [raw("return 1")] },
  ],
  ["reads the source of the exposed function", { id: "4", type: "APPLY", path: ["toString"], argumentList: [] }],
  ["asks for another endpoint", { id: "5", type: "ENDPOINT" }],
  ["releases the endpoint for everybody", { id: "6", type: "RELEASE" }],
  [
    "passes a proxy as argument",
    { id: "7", type: "APPLY", path: [], argumentList: [{ type: "HANDLER", name: "proxy", value: null }] },
  ],
];

const answersTo = (port: MessagePort) => {
  const answers: unknown[] = [];
  port.addEventListener("message", ({ data }) => answers.push(data));
  port.start();
  return answers;
};

const settle = () => new Promise((resolve) => setTimeout(resolve, 30));

describe("a Comlink message that reaches for more than it may", () => {
  test("would pollute the prototype of every object through an unguarded expose", async () => {
    const { port1, port2 } = new MessageChannel();
    expose(() => "ok", port2);
    const answers = answersTo(port1);
    port1.postMessage({ id: "1", type: "SET", path: ["__proto__", "__proto__", "polluted"], value: raw("yes") });
    await expect.poll(() => answers).toHaveLength(1);
    expect(Reflect.get({}, "polluted")).toBe("yes");
    Reflect.deleteProperty(Object.prototype, "polluted");
    port1.close();
  });

  test("would run text as code through an unguarded expose", async () => {
    const { port1, port2 } = new MessageChannel();
    expose(() => "ok", port2);
    const answers = answersTo(port1) as { value: MessagePort }[];
    port1.postMessage({
      id: "1",
      type: "CONSTRUCT",
      path: ["constructor"],
      argumentList: [raw("globalThis.stolen = 'secret'")],
    });
    await expect.poll(() => answers).toHaveLength(1);
    const handle = (answers[0] as { value: MessagePort }).value;
    handle.postMessage({ id: "2", type: "APPLY", path: [], argumentList: [] });
    await expect.poll(() => Reflect.get(globalThis, "stolen")).toBe("secret");
    Reflect.deleteProperty(globalThis, "stolen");
    port1.close();
    handle.close();
  });

  test.each(ATTACKS)("is refused and counted when it %s", async (_, message) => {
    const world = await start();
    const client = await world.connect("honest");
    const port = world.port();
    const answers = answersTo(port);
    port.postMessage(message);
    await settle();
    expect(answers).toEqual([]);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    expect(Reflect.get(globalThis, "stolen")).toBeUndefined();
    expect(await client.link.call<Diagnostics>({ op: "diagnostics" })).toMatchObject({ refusedMessages: 1 });
  });
});

describe("a malformed message", () => {
  test.each([
    ["null", null],
    ["text", "hello"],
    ["a number", 7],
    ["an empty object", {}],
    ["a call without an id", { type: "APPLY", path: [], argumentList: [raw({ op: "queues" })] }],
    ["a call whose path is no array", { id: "1", type: "APPLY", path: { length: 0 }, argumentList: [raw(1)] }],
  ])("is refused and counted, and the host goes on: %s", async (_, message) => {
    const world = await start();
    const client = await world.connect("honest");
    client.port.postMessage(message);
    await settle();
    expect((await client.submit(sendOf(1, "still works"))).outcomes[0]).toMatchObject({ ok: true });
    expect(await client.link.call<Diagnostics>({ op: "diagnostics" })).toMatchObject({ refusedMessages: 1 });
  });

  test.each<[string, unknown]>([
    ["request.op", { op: "eval", code: "1" }],
    ["request.op", { op: "constructor" }],
    ["request.op", { op: "__proto__" }],
    ["request.queue", { op: "stats" }],
    ["request.queue", { op: "stats", queue: 7 }],
    ['unknown option "extra"', { op: "stats", queue: "q", extra: 1 }],
    ["request.max", { op: "peek", queue: "q", max: 1e9, states: [] }],
    ["request.commands[0].number", { op: "submit", confirmed: 0, commands: [{ command: sendOf(1, "a").command }] }],
  ])("of the right shape but a wrong content is answered with invalid-argument naming %s", async (named, request) => {
    const world = await start();
    const client = await world.connect("broken");
    const answer = client.link.call(request as HostRequest);
    await expect(answer).rejects.toMatchObject({ code: "invalid-argument", message: expect.stringContaining(named) });
    expect((await client.submit(sendOf(1, "still works"))).outcomes[0]).toMatchObject({ ok: true });
  });

  test.each<[string, unknown]>([
    ["request.commands[1].command.type", { type: "drop" }],
    ["request.commands[1].command", undefined],
    ["segments", { ...sendOf(1, "a").command, bodies: [] }],
    ["at most", { type: "settle", settlements: [{ grant: "g", seqs: [1, 1e15], verdict: { type: "ack" } }] }],
    ["seqs[3]", { type: "settle", settlements: [{ grant: "g", seqs: [1, 1, 3, 0], verdict: { type: "ack" } }] }],
    [
      "seqs[2]",
      { type: "settle", settlements: [{ grant: "g", seqs: [1, 1, 2 ** 53 - 1, 5], verdict: { type: "ack" } }] },
    ],
    [
      "seqs[0]",
      { type: "settle", settlements: [{ grant: "g", seqs: Object.assign([], { 1: 1 }), verdict: { type: "ack" } }] },
    ],
  ])("among others is refused alone, naming %s, and counted", async (named, command) => {
    const world = await start();
    const client = await world.connect("broken");
    const commands = [sendOf(1, "before"), { number: 2, command } as NumberedCommand, sendOf(3, "after")];
    const { outcomes } = await client.submit(...commands);
    expect(outcomes).toMatchObject([
      { ok: true },
      { ok: false, code: "invalid-argument", message: expect.stringContaining(named) },
      { ok: true },
    ]);
    expect(await client.link.call<Diagnostics>({ op: "diagnostics" })).toMatchObject({ refusedMessages: 1 });
  });

  test("before the hello is refused", async () => {
    const world = await start();
    const { openLink } = await import("../../../src/link/rpc/link.js");
    const link = openLink<HostRequest, never>(world.port(), { serve: () => undefined });
    await expect(link.call({ op: "queues" })).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining("hello"),
    });
  });

  test("a hello of another major wire version is a protocol-mismatch that names both", async () => {
    const world = await start();
    const { openLink } = await import("../../../src/link/rpc/link.js");
    const link = openLink<HostRequest, never>(world.port(), { serve: () => undefined });
    const answer = link.call({ op: "hello", wire: [99, 0], client: "future", held: [] });
    await expect(answer).rejects.toMatchObject({ code: "protocol-mismatch", detail: { host: 1, client: 99 } });
  });
});

describe("another client's lease", () => {
  const lease = async (world: TestHost) => {
    const owner = await world.connect("owner");
    await owner.submit(sendOf(1, "mine"));
    const handOut = await owner.link.call<HandOut>({
      op: "receive",
      waiter: "w",
      queue: "q",
      max: 1,
      waitMs: 0,
      mode: "receive",
    });
    return { owner, handOut };
  };

  test("cannot be settled with its token, even if the token is known", async () => {
    const world = await start();
    const { owner, handOut } = await lease(world);
    const thief = await world.connect("thief");
    const settlements = [{ grant: handOut.grant, seqs: handOut.seqs, verdict: { type: "ack" } as const }];
    const stolen = await thief.submit({ number: 1, command: { type: "settle", settlements } });
    expect(stolen.outcomes).toEqual([
      { ok: true, value: { lost: [{ grant: handOut.grant, seqs: [...handOut.seqs] }] } },
    ]);
    const own = await owner.submit({ number: 2, command: { type: "settle", settlements } });
    expect(own.outcomes).toEqual([{ ok: true, value: { lost: [] } }]);
  });

  test("has a token that cannot be guessed", async () => {
    const world = await start();
    const { handOut } = await lease(world);
    expect(handOut.grant).toMatch(/^[0-9a-f]{32}$/);
  });

  test("cannot be extended", async () => {
    const world = await start();
    const { handOut } = await lease(world);
    const thief = await world.connect("thief");
    const { grant, seqs } = handOut;
    const extended = await thief.submit({
      number: 1,
      command: { type: "extend", grant, seq: seqs[0] as number, ms: 1e6 },
    });
    expect(extended.outcomes).toMatchObject([{ ok: false, code: "lease-lost" }]);
  });
});
