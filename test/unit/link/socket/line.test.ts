import { describe, expect, test, vi } from "vitest";
import { QueueError } from "../../../../src/core/spec/errors.js";
import { CLOSED, UNREADABLE } from "../../../../src/link/rpc/frames.js";
import { openLink } from "../../../../src/link/rpc/link.js";
import { ANSWER, ASK, frame, KIND, PIECE_BYTES, PING } from "../../../../src/link/socket/frames.js";
import { openLine } from "../../../../src/link/socket/line.js";
import { openLines, settle } from "./pair.js";

const ENDED = { type: CLOSED };

describe("messages over a socket", () => {
  test("arrive as structured clone would have made them", async () => {
    const { client, atServer } = openLines();
    const message: Record<string, unknown> = {
      map: new Map([[1, new Set(["x"])]]),
      at: new Date(7),
      bytes: new Uint8Array([1, 2, 3]),
      big: 2n ** 70n,
      nothing: undefined,
      error: new RangeError("no"),
    };
    message.self = message;
    client.port.postMessage(message);
    client.port.postMessage(undefined);
    await settle();
    expect(atServer).toEqual([message, undefined]);
  });

  test("arrive in the order in which they were posted, although some have files to be read first", async () => {
    const { client, atServer } = openLines();
    client.port.postMessage([1, new Blob(["one"])]);
    client.port.postMessage([2]);
    client.port.postMessage([3, new Blob(["three"])]);
    client.port.postMessage([4]);
    await vi.waitFor(() => expect(atServer).toHaveLength(4));
    const messages = atServer as [number, Blob?][];
    expect(messages.map(([number]) => number)).toEqual([1, 2, 3, 4]);
    expect(await messages[2]?.[1]?.text()).toBe("three");
  });

  test("are cut into pieces where they are large, and put together again", async () => {
    const { client, sockets, atServer } = openLines();
    const bytes = new Uint8Array(3 * PIECE_BYTES + 5).map((_, i) => i);
    client.port.postMessage(bytes);
    client.port.postMessage("after it");
    await settle();
    expect(atServer).toEqual([bytes, "after it"]);
    const sizes = sockets.client.sent.map(({ length }) => length);
    expect(sizes).toHaveLength(5);
    expect(Math.max(...sizes)).toBe(1 + PIECE_BYTES);
  });

  test("that cannot be carried, or are too large, are refused as they are posted, and those after them go", async () => {
    const { client, atServer } = openLines();
    client.limit(10_000);
    const posting = (message: unknown) => () => client.port.postMessage(message);
    expect(posting({ callback: () => {} })).toThrow(expect.objectContaining({ name: "DataCloneError" }));
    const tooLarge = {
      code: "invalid-argument",
      detail: { limit: "maxMessageBytes", bytes: expect.any(Number), max: 10_000 },
    };
    expect(posting(new Uint8Array(10_001))).toThrow(expect.objectContaining(tooLarge));
    client.port.postMessage("next");
    await settle();
    expect(atServer).toEqual(["next"]);
  });

  test("are taken from a server, and sent by it, that are larger than what it takes, up to a bound", async () => {
    const { client, server, sockets, atClient } = openLines();
    client.limit(1_024);
    server.take(1_024);
    server.port.postMessage(new Uint8Array(10 * PIECE_BYTES));
    await settle();
    expect(atClient).toEqual([expect.objectContaining({ length: 10 * PIECE_BYTES })]);
    const piece = frame(KIND.piece, new Uint8Array(PIECE_BYTES * 1_024)).buffer;
    for (let i = 0; i < 4; i++) sockets.client.deliver(piece);
    expect(sockets.client.closedWith).toEqual([]);
    sockets.client.deliver(piece);
    expect(sockets.client.closedWith).toEqual([1009]);
  });

  test("whose files cannot be read, or are too large, count as unreadable, and those after it go", async () => {
    const { client, atServer, atClient } = openLines();
    client.limit(10_000);
    client.port.postMessage(new Blob([new Uint8Array(10_001)]));
    const gone = new Blob(["gone"]);
    gone.arrayBuffer = () => Promise.reject(new DOMException("gone", "NotFoundError"));
    client.port.postMessage(gone);
    client.port.postMessage("next");
    await vi.waitFor(() => expect(atServer).toEqual(["next"]));
    expect(atClient).toEqual([{ type: UNREADABLE }, { type: UNREADABLE }]);
  });

  test("that cannot be read are told of, and end nothing", async () => {
    const { sockets, client, atServer } = openLines();
    sockets.server.deliver(frame(KIND.message, new Uint8Array([1, 9, 9, 9, 9, 9])).buffer);
    client.port.postMessage("next");
    await settle();
    expect(atServer).toEqual(["messageerror", "next"]);
  });

  test("are told from announcements, which go to nobody who listens to messages", async () => {
    const heard: unknown[] = [];
    const { server, client, atClient, atServer } = openLines({ onAnnouncement: (notice) => heard.push(notice) });
    client.hear(true);
    await settle();
    server.announce({ type: "notice" });
    await settle();
    expect(heard).toEqual([{ type: "notice" }]);
    expect([atClient, atServer]).toEqual([[], []]);
  });

  test("are all that is sent to who does not listen to announcements, or no more", async () => {
    const heard: unknown[] = [];
    const { server, client } = openLines({ onAnnouncement: (notice) => heard.push(notice) });
    server.announce("before");
    client.hear(true);
    await settle();
    server.announce("while");
    client.hear(false);
    await settle();
    server.announce("after");
    await settle();
    expect(heard).toEqual(["while"]);
  });
});

describe("what a stranger sends", () => {
  const LARGE = new Uint8Array(PIECE_BYTES);
  test.each<[what: string, frames: readonly unknown[], code: number]>([
    ["a frame of text", ["hello"], 1003],
    ["an empty frame", [new ArrayBuffer(0)], 1003],
    ["a kind that there is not", [new Uint8Array([9, 1]).buffer], 1003],
    ["a message that is too large", [frame(KIND.message, new Uint8Array(200_000)).buffer], 1009],
    ["pieces without end", [1, 2, 3].map(() => frame(KIND.piece, LARGE).buffer), 1009],
    ["pieces with nothing in them", [frame(KIND.piece).buffer], 1009],
  ])("ends the line: %s", async (_, frames, code) => {
    const { sockets, atServer, atClient } = openLines({ messageBytesMax: 2.5 * PIECE_BYTES });
    for (const one of frames) sockets.server.deliver(one);
    await settle();
    expect(sockets.server.closedWith).toEqual([code]);
    expect([atServer, atClient]).toEqual([[ENDED], [ENDED]]);
  });

  test("in mutated frames has no effect but messages, unreadable ones, and the end", async () => {
    let seed = 1;
    const random = (max: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % max;
    };
    const { client, sockets } = openLines();
    client.port.postMessage({
      type: "APPLY",
      id: "1",
      path: [],
      argumentList: [{ type: "RAW", value: new Map([[1, [2n]]]) }],
    });
    const [good] = sockets.client.sent;
    for (let round = 0; round < 2_000; round++) {
      const { sockets: victim, atServer } = openLines();
      const bytes = (good as Uint8Array<ArrayBuffer>).slice(
        0,
        1 + random(2) * 1_000 + random((good as Uint8Array).length),
      );
      for (let i = random(6); i >= 0; i--) bytes[random(bytes.length)] = random(256);
      expect(() => victim.server.deliver(bytes.buffer)).not.toThrow();
      expect(atServer.length).toBeLessThanOrEqual(1);
    }
  });
});

describe("the end of a line", () => {
  test.each(["server", "client"] as const)("by its %s is the end of the link on both sides", async (who) => {
    const lines = openLines();
    const links = {
      server: openLink(lines.server.port, { serve: () => new Promise(() => {}) }),
      client: openLink(lines.client.port, { serve: () => new Promise(() => {}) }),
    };
    const asked = [links.server.call("?"), links.client.call("?")].map((call) => call.catch((error) => error.code));
    await settle();
    links[who].close(new QueueError("closed", "enough"));
    const codes = who === "server" ? ["closed", "host-lost"] : ["host-lost", "closed"];
    expect(await Promise.all(asked)).toEqual(codes);
    expect([lines.sockets.server.closedWith.length, lines.sockets.client.closedWith.length]).toEqual([1, 1]);
    expect(lines.clock.count).toBe(0);
  });

  test("is told once, and to whoever listens later, too", async () => {
    const onEnded = vi.fn();
    const { server, client, atServer, atClient } = openLines({ onEnded });
    client.close();
    server.close();
    await settle();
    expect([atServer, atClient]).toEqual([[ENDED], [ENDED]]);
    expect(onEnded).toHaveBeenCalledTimes(2);
    const late: unknown[] = [];
    client.port.addEventListener("message", ({ data }) => late.push(data));
    await settle();
    expect(late).toEqual([ENDED]);
  });

  test("leaves no timer once the other side has heard of it, by whichever side it came", async () => {
    const { client, sockets, clock } = openLines();
    let ended = 0;
    for (const socket of [sockets.client, sockets.server]) socket.terminate = () => void ended++;
    client.close();
    await settle();
    expect(clock.count).toBe(0);
    const silent = openLines();
    silent.sockets.server.isDeaf = true;
    silent.sockets.client.terminate = () => void ended++;
    silent.sockets.client.isSilent = true;
    silent.client.close();
    await silent.clock.pass(2_600);
    expect(ended).toBe(1);
  });

  test("lets what was posted before it arrive, files included", async () => {
    const { client, atServer } = openLines();
    client.port.postMessage([new Blob(["1"])]);
    client.port.postMessage("last");
    client.port.close?.();
    await vi.waitFor(() => expect(atServer).toHaveLength(3));
    expect(atServer.slice(1)).toEqual(["last", ENDED]);
  });

  test("comes for a peer that does not read, before it fills the memory", async () => {
    const { server, sockets, atServer } = openLines({ bufferedBytesMax: 1_000 });
    sockets.server.bufferedAmount = 1_000;
    server.port.postMessage(1);
    expect(sockets.server.closedWith).toEqual([]);
    sockets.server.bufferedAmount = 1_001;
    server.port.postMessage(2);
    expect(sockets.server.closedWith).toEqual([1013]);
    expect(atServer).toEqual([ENDED]);
  });
});

describe("a peer that says nothing", () => {
  test.each(["server", "client"] as const)("is gone after ten seconds for the %s", async (who) => {
    const { sockets, clock, atServer, atClient } = openLines();
    await clock.pass(60_000);
    expect([atServer, atClient]).toEqual([[], []]);
    sockets.server.isDeaf = true;
    sockets.client.isDeaf = true;
    await clock.pass(10_000);
    expect(who === "server" ? atServer : atClient).toEqual([ENDED]);
    expect(clock.count).toBe(0);
  });

  test("is not one whose large message takes its time: each piece is a word", async () => {
    const { sockets, clock, atServer } = openLines();
    // Its answers wait behind the rest of the message.
    sockets.client.send = () => {};
    for (let i = 0; i < 4; i++) {
      await clock.pass(7_000);
      sockets.server.deliver(frame(KIND.piece, new Uint8Array(PIECE_BYTES)).buffer);
    }
    expect(atServer).toEqual([]);
  });

  test("is answered by a page whose timers stand still: it hears that it is asked", async () => {
    const { sockets } = openLines();
    sockets.client.deliver(PING.buffer);
    await settle();
    expect(sockets.client.sent.map(([kind]) => kind)).toEqual([KIND.pong]);
  });
});

describe("a server that has forgotten its lines", () => {
  const forgotten = async () => {
    const lines = openLines();
    lines.client.port.postMessage("before");
    await settle();
    lines.sockets.server.forget();
    lines.server.rest();
    const atServer: unknown[] = [];
    const server = openLine(lines.sockets.server, { setTimer: lines.clock.setTimer, pings: true, isRestored: true });
    server.port.addEventListener("message", ({ data }) => atServer.push(data));
    return { ...lines, server, atServer };
  };

  test("has the client begin again on the same socket: its link ends, and another port speaks to the server", async () => {
    const { client, server, sockets, atServer, atClient } = await forgotten();
    const old = client.port;
    // Whatever is under way is of the life before.
    old.postMessage("lost");
    old.postMessage([new Blob(["read first"])]);
    await settle();
    expect(client.takeNextPort()).toBe(undefined);
    server.beginAgain();
    await settle();
    expect([atServer, atClient]).toEqual([[], [ENDED]]);
    const next = client.takeNextPort();
    const heard: unknown[] = [];
    next?.addEventListener("message", ({ data }) => heard.push(data));
    next?.postMessage("hello");
    old.postMessage("lost, too");
    old.close?.();
    server.port.postMessage("welcome");
    await settle();
    expect([atServer, heard, client.takeNextPort()]).toEqual([["hello"], ["welcome"], undefined]);
    expect([sockets.client.closedWith, sockets.server.closedWith]).toEqual([[], []]);
  });

  test("and half of a message: the other half is not taken for one", async () => {
    const { server, client, sockets, atServer } = await forgotten();
    sockets.server.deliver(frame(KIND.message, new Uint8Array([1, 2, 3])).buffer);
    server.beginAgain();
    await settle();
    client.takeNextPort()?.postMessage(1);
    await settle();
    expect(atServer).toEqual([1]);
  });

  test("misses nobody before it has asked", async () => {
    const { server, client, sockets, clock, atServer } = await forgotten();
    sockets.client.isDeaf = true;
    client.rest();
    await clock.pass(60_000);
    expect(sockets.server.closedWith).toEqual([]);
    server.beginAgain();
    await clock.pass(10_000);
    expect(atServer).toEqual([ENDED]);
  });

  test("hears nobody begin again who was not asked", async () => {
    const { sockets } = openLines();
    sockets.server.deliver(frame(KIND.over).buffer);
    expect(sockets.server.closedWith).toEqual([1003]);
  });

  test.each([
    ["before", true],
    ["after", false],
  ])(
    "once more takes the answer to its earlier life for none, which comes %s it has asked anew",
    async (_, isEarly) => {
      const { server, client, sockets, clock } = await forgotten();
      const late: Uint8Array[] = [];
      const { send } = sockets.client;
      sockets.client.send = (data) => void late.push(data as Uint8Array);
      server.beginAgain();
      await settle();
      client.takeNextPort()?.postMessage("to the earlier life");
      sockets.server.forget();
      server.rest();
      const heard: unknown[] = [];
      const next = openLine(sockets.server, { setTimer: clock.setTimer, pings: true, isRestored: true });
      next.port.addEventListener("message", ({ data }) => heard.push(data));
      const arrive = () => {
        for (const one of late.splice(0)) sockets.server.deliver(one.slice().buffer);
      };
      if (isEarly) arrive();
      next.beginAgain();
      arrive();
      sockets.client.send = send;
      await settle();
      client.takeNextPort()?.postMessage("to this one");
      await settle();
      expect(heard).toEqual(["to this one"]);
      expect([sockets.client.closedWith, sockets.server.closedWith]).toEqual([[], []]);
    },
  );
});

describe("a server that sleeps", () => {
  test("is asked with a text, which its runtime answers, while it says nothing itself", async () => {
    const { client, server, sockets, clock, atClient } = openLines();
    client.ask();
    await clock.pass(30_000);
    expect(sockets.client.texts).toEqual([]);
    server.rest();
    sockets.server.forget();
    sockets.server.addEventListener("message", ({ data }) => {
      if (data === ASK) sockets.client.deliver(ANSWER);
    });
    await clock.pass(60_000);
    expect(sockets.client.texts.length).toBeGreaterThan(5);
    expect(atClient).toEqual([]);
  });

  test("and answers no more is gone after ten seconds", async () => {
    const { client, server, sockets, clock, atClient } = openLines();
    client.ask();
    server.rest();
    sockets.server.isDeaf = true;
    await clock.pass(10_000);
    expect(atClient).toEqual([ENDED]);
  });

  test("misses nobody while it rests, and who owes it an answer is not heard", async () => {
    const { server, client, sockets, clock, atServer } = openLines();
    sockets.client.isDeaf = true;
    client.rest();
    server.rest();
    await clock.pass(60_000);
    expect([atServer, server.isHeard()]).toEqual([[], true]);
    server.wake();
    await clock.pass(6_000);
    expect(server.isHeard()).toBe(false);
    await clock.pass(4_000);
    expect(atServer).toEqual([ENDED]);
  });
});
