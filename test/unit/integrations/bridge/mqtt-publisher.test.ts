// Publishing to a broker that answers as it is told: for what no broker at hand does.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { BridgeMessage, BridgeWarning, Outcome } from "../../../../src/bridge.js";
import type { Connack, MqttClient, Packet, PublishOptions } from "../../../../src/integrations/bridge/mqtt/client.js";
import { createConfirmations } from "../../../../src/integrations/bridge/mqtt/confirmations.js";
import type { Line } from "../../../../src/integrations/bridge/mqtt/connection.js";
import { type Care, createPublisher } from "../../../../src/integrations/bridge/mqtt/publisher.js";
import { deferred } from "../../../../src/link/rpc/deferred.js";
import { collect } from "../../../collected.js";

type Answer = (error?: Error, packet?: Packet) => void;
interface Sent {
  readonly id: string;
  readonly properties: PublishOptions["properties"];
  readonly answer: Answer;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const message = (id: string, more: Partial<BridgeMessage> = {}): BridgeMessage => ({
  ...{ id, body: id, contentType: null, headers: {}, priority: 4, groupId: null, sentAt: 0, expiresAt: null },
  ...{ redelivered: false, ...more },
});
const messages = (...ids: string[]) => ids.map((id) => message(id));
const failure = (reasonCode: number, reasonString?: string): Parameters<Answer> => [
  Object.assign(new Error("Publish error"), { code: reasonCode }),
  { cmd: "puback", reasonCode, ...(reasonString && { properties: { reasonString } }) },
];

function scripted(
  properties: Connack["properties"] = {},
  { isForeign = false, confirmBy = false, care = { left: 0 } as Care } = {},
) {
  const sent: Sent[] = [];
  const outgoing: Record<number, unknown> = {};
  const listeners: ((packet: Packet) => void)[] = [];
  const { promise: ended, resolve: end } = deferred<unknown>();
  const client = {
    outgoing,
    publish(_topic: string, _payload: Uint8Array, options: PublishOptions, answer: Answer) {
      const number = sent.length + 1;
      outgoing[number] = true;
      const answered: Answer = (...given) => {
        delete outgoing[number];
        answer(...given);
        for (const listener of listeners) listener({ cmd: "puback" });
      };
      const id = String(options.properties.userProperties?.["originmq-id"]);
      sent.push({ id, properties: options.properties, answer: answered });
    },
    on: (_type: string, listener: (packet: Packet) => void) => void listeners.push(listener),
    removeListener() {},
  } as unknown as MqttClient;
  const line = {
    ...{ client, connack: { sessionPresent: false, properties }, isForeign, ended, end: vi.fn(end) },
    verdict: undefined as string | undefined,
    close: async () => {},
  } satisfies Line;
  const warnings: BridgeWarning[] = [];
  const confirmations = confirmBy ? createConfirmations("had", 30_000) : undefined;
  const hear = (text: string) => confirmations?.heard(new TextEncoder().encode(text));
  const session = createPublisher({
    options: { topic: "t", qos: 1, requireSubscriber: false },
    ...{
      line,
      confirmations,
      care,
      warn: (warning: BridgeWarning) => void warnings.push(warning),
      close: async () => {},
    },
  });
  const told = (packet: Packet) => {
    for (const listener of listeners) listener(packet);
  };
  const sentIds = () => sent.map(({ id }) => id);
  /** Those under way reach the client after the turn. */
  const settled = () => vi.advanceTimersByTimeAsync(0);
  return { session, sent, sentIds, told, settled, line, warnings, hear, client, outgoing, care };
}

test.each<[code: number, words: string | undefined, expected: object]>([
  [135, undefined, { type: "refused", reason: "the broker refuses it: not authorized (reason code 135)" }],
  [144, undefined, { type: "refused", reason: "the broker refuses it: topic name invalid (reason code 144)" }],
  [153, "no UTF-8", { type: "refused", reason: "the broker refuses it: no UTF-8 (reason code 153)" }],
  [
    151,
    "100 MB a day",
    {
      type: "unknown",
      error: expect.objectContaining({
        code: "host-lost",
        message: expect.stringContaining("100 MB a day (reason code 151)"),
      }),
    },
  ],
  [
    128,
    undefined,
    { type: "unknown", error: expect.objectContaining({ message: expect.stringContaining("unspecified error") }) },
  ],
  [131, undefined, { type: "unknown", error: expect.anything() }],
  [145, undefined, { type: "unknown", error: expect.anything() }],
])("reason code %i is final, or not, in the broker's words", async (code, words, expected) => {
  const { session, sent, settled } = scripted();
  const outcomes = session.send(messages("a", "b"));
  await settled();
  sent[0]?.answer(...failure(code, words));
  sent[1]?.answer();
  expect(await outcomes).toEqual([expected, { type: "stored" }]);
});

test("what is not answered for five seconds while others are answered is no reason to give up; nothing answered is", async () => {
  const { session, sent, settled, line } = scripted({ receiveMaximum: 2 });
  const outcomes = session.send(messages("a", "b", "c"));
  await settled();
  await vi.advanceTimersByTimeAsync(4_000);
  sent[0]?.answer();
  await vi.advanceTimersByTimeAsync(4_000);
  expect(line.end).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_500);
  expect(line.end).toHaveBeenCalledOnce();
  expect((await outcomes).map(({ type }) => type)).toEqual(["stored", "unknown", "unknown"]);
  // Whatever comes now is too late, and nothing more leaves.
  sent[1]?.answer();
  expect((await session.send(messages("d")))[0]?.type).toBe("unknown");
  expect(sent).toHaveLength(3);
});

test("one message that is never answered ends the session after half a minute, whatever else is answered", async () => {
  const { session, sent, settled, line } = scripted({ receiveMaximum: 2 });
  const outcomes = session.send(messages("stuck", ...Array.from({ length: 12 }, (_, i) => `n${i}`)));
  await settled();
  for (let i = 1; i <= 9; i++) {
    await vi.advanceTimersByTimeAsync(3_000);
    sent[i]?.answer();
  }
  expect(line.end).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(4_000);
  expect(line.end).toHaveBeenCalledOnce();
  expect((await outcomes).filter(({ type }) => type === "stored")).toHaveLength(9);
});

test("calls leave in their order, also where the first has a file to read", async () => {
  const { session, sentIds, settled } = scripted();
  void session.send([message("file", { body: new Blob(["x"]) }), message("a")]);
  void session.send(messages("b"));
  vi.useRealTimers();
  await vi.waitFor(() => expect(sentIds()).toEqual(["file", "a", "b"]));
  vi.useFakeTimers();
  await settled();
});

test("a broker that ends the connection over one of several is asked about them one by one, and the one to blame is refused", async () => {
  const first = scripted();
  const outcomes = first.session.send(messages("a", "b", "c"));
  await first.settled();
  first.line.verdict = "the broker refuses it: not authorized (reason code 135)";
  first.line.end(new Error("ended"));
  expect((await outcomes).map(({ type }) => type)).toEqual(["unknown", "unknown", "unknown"]);
  expect(first.care.left).toBe(3);

  const second = scripted({}, { care: first.care });
  const again = second.session.send(messages("a", "b", "c"));
  await second.settled();
  expect(second.sentIds()).toEqual(["a"]);
  second.sent[0]?.answer();
  expect(second.sentIds()).toEqual(["a", "b"]);
  second.line.verdict = first.line.verdict;
  second.line.end(new Error("ended"));
  expect(await again).toEqual([
    { type: "stored" },
    { type: "refused", reason: "the broker refuses it: not authorized (reason code 135)" },
    { type: "unknown", error: expect.anything() },
  ]);
  expect(second.care.left).toBe(0);
});

test("one that ends it for no message's sake is taken for lost, however many were under way", async () => {
  const { session, settled, line, care } = scripted();
  const outcomes = session.send(messages("a"));
  await settled();
  line.end(new Error("server shutting down"));
  expect((await outcomes)[0]?.type).toBe("unknown");
  expect(care.left).toBe(0);
});

test("an application's client answers after it has reconnected, and until then nothing more is sent", async () => {
  const { session, sent, settled, line } = scripted({}, { isForeign: true });
  let outcomes: readonly Outcome[] | undefined;
  void session.send(messages("a", "b")).then((given) => {
    outcomes = given;
  });
  await settled();
  line.end(new Error("interrupted"));
  expect((await session.send(messages("c")))[0]?.type).toBe("unknown");
  await vi.advanceTimersByTimeAsync(8_000);
  sent[0]?.answer();
  expect(outcomes).toBeUndefined();
  await vi.advanceTimersByTimeAsync(8_000);
  expect(outcomes?.map(({ type }) => type)).toEqual(["stored", "unknown"]);
});

test("what an application publishes by the same client counts for the broker's receive maximum", async () => {
  const { session, sent, sentIds, settled, outgoing, client } = scripted({ receiveMaximum: 3 }, { isForeign: true });
  outgoing[1_000] = true;
  outgoing[1_001] = true;
  void session.send(messages("a", "b"));
  await settled();
  expect(sentIds()).toEqual(["a"]);
  delete outgoing[1_000];
  sent[0]?.answer();
  await settled();
  expect(sentIds()).toEqual(["a", "b"]);
  expect(Object.keys(client.outgoing).length).toBeLessThanOrEqual(3);
});

test("a confirmation counts whenever it comes: before the broker's, after it, too late, or for several at once", async () => {
  const { session, sent, settled, hear } = scripted({}, { confirmBy: true });
  const outcomes = session.send(messages("a", "b", "c"));
  await settled();
  hear("a");
  for (const one of sent) one.answer();
  hear('["b", 7, "nobody"]');
  hear("[no JSON");
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await outcomes).toEqual([
    { type: "stored" },
    { type: "stored" },
    {
      type: "unknown",
      error: expect.objectContaining({ message: 'nobody has confirmed it on topic "had" within 30000 ms' }),
    },
  ]);
  hear("c");
  // It is not sent a second time.
  expect(await session.send(messages("c"))).toEqual([{ type: "stored" }]);
  expect(sent).toHaveLength(3);
});

test("what is to be confirmed is unknown once the line has ended, and a refusal is one without a confirmation", async () => {
  const { session, sent, settled, line } = scripted({}, { confirmBy: true });
  const outcomes = session.send(messages("a", "b"));
  await settled();
  sent[0]?.answer();
  sent[1]?.answer(...failure(135));
  line.end(new Error("cut"));
  expect((await outcomes).map(({ type }) => type)).toEqual(["unknown", "refused"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a time to live is whole seconds, at least one; what is none has none", async () => {
  const { session, sent, settled } = scripted();
  vi.setSystemTime(1_000_000);
  const expiries = [null, 1_000_100, 1_090_001, 999_000, Number.MAX_SAFE_INTEGER];
  void session.send(expiries.map((expiresAt, i) => message(String(i), { expiresAt })));
  await settled();
  expect(sent.map(({ properties }) => properties.messageExpiryInterval)).toEqual([undefined, 1, 91, 1, 4_294_967_295]);
});

test("what was confirmed before the broker has answered is not kept: not for the session, however long that lasts", async () => {
  const { session, sent, hear, settled, line } = scripted({}, { confirmBy: true });
  const outcomes = session.send(messages("a"));
  await settled();
  hear("a");
  expect(await outcomes).toEqual([{ type: "stored" }]);
  sent[0]?.answer();
  const payload = new WeakRef(sent[0]?.properties as object);
  sent.length = 0;
  await settled();
  collect();
  expect(payload.deref()).toBeUndefined();
  expect(line.end).not.toHaveBeenCalled();
});

test("an answer to what an application sent under a number tells nothing of what has that number later", async () => {
  const { session, sent, settled, warnings, told } = scripted({}, { isForeign: true });
  told({ cmd: "puback", messageId: 7, reasonCode: 16 });
  const outcomes = session.send(messages("a"));
  await settled();
  told({ cmd: "puback", messageId: 7, reasonCode: 0 });
  sent[0]?.answer(undefined, { cmd: "puback", messageId: 7 });
  expect(await outcomes).toEqual([{ type: "stored" }]);
  expect(warnings).toEqual([]);
});

test("what nobody has confirmed in time while it waited for room is not sent any more: it is sent again", async () => {
  const { session, sentIds, sent, settled } = scripted({ receiveMaximum: 1 }, { confirmBy: true });
  const outcomes = session.send(messages(..."abcdefghi"));
  await settled();
  for (let i = 0; i < 8; i++) {
    await vi.advanceTimersByTimeAsync(4_500);
    sent[i]?.answer();
  }
  expect(new Set((await outcomes).map(({ type }) => type))).toEqual(new Set(["unknown"]));
  expect(sentIds()).toEqual([..."abcdefg"]);
});
