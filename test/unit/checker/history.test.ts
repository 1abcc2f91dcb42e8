// A checker that cannot fail is worth nothing: each kind of violation is planted in a sound history, and found.

import { describe, expect, test } from "vitest";
import { check, type History, type HistoryEvent, type Report, type Verdict } from "../../checker/history.js";

let at = 0;
const id = (body: string) => `id:${body}`;
type Extra<Type extends HistoryEvent["type"]> = Partial<Extract<HistoryEvent, { type: Type }>>;

const send = (body: string, extra: Extra<"send"> = {}): HistoryEvent => ({
  at: at++,
  type: "send",
  producer: body.slice(0, body.lastIndexOf("-")),
  body,
  ...extra,
});
const sent = (body: string, extra: Extra<"sent"> = {}): HistoryEvent => ({
  at: at++,
  type: "sent",
  body,
  id: id(body),
  ...extra,
});
const of = (body: string, consumer: string, attempt: number) => ({ at: at++, body, id: id(body), consumer, attempt });
const delivered = (body: string, consumer = "c", attempt = 1): HistoryEvent => ({
  ...of(body, consumer, attempt),
  type: "delivered",
});
const settle = (body: string, verdict: Verdict = "ack", consumer = "c", attempt = 1): HistoryEvent => ({
  ...of(body, consumer, attempt),
  type: "settle",
  verdict,
});
const settled = (body: string, verdict: Verdict = "ack", consumer = "c", attempt = 1): HistoryEvent => ({
  ...of(body, consumer, attempt),
  type: "settled",
  verdict,
});
const settleFailed = (body: string, code = "lease-lost", consumer = "c", attempt = 1): HistoryEvent => ({
  ...of(body, consumer, attempt),
  type: "settle-failed",
  verdict: "ack",
  code,
});
const aborted = (body: string, code: string, consumer = "c", attempt = 1): HistoryEvent => ({
  ...of(body, consumer, attempt),
  type: "aborted",
  code,
});
const crash = (consumer = "c"): HistoryEvent => ({ at: at++, type: "crash", consumer });
const stats = (extra: Extra<"stats"> = {}): HistoryEvent => ({
  at: at++,
  type: "stats",
  ...{ ready: 0, delayed: 0, leased: 0, blocked: 0, dead: 0 },
  ...{ accepted: 0, acked: 0, dropped: 0, purged: 0, replaced: 0, quarantined: 0 },
  ...extra,
});

const sending = (body: string, extra: Extra<"send"> = {}) => [send(body, extra), sent(body)];
const acking = (body: string, consumer = "c", attempt = 1) => [
  settle(body, "ack", consumer, attempt),
  settled(body, "ack", consumer, attempt),
];
const whole = (body: string) => [...sending(body), delivered(body), ...acking(body)];
const judge = (...history: (HistoryEvent | HistoryEvent[])[]): Report =>
  check(history.flat() as History, { maxDeliveries: 3, isOrdered: true });

test("a history without faults is valid, and counted", () => {
  const report = judge(whole("p-0"), whole("p-1"), stats({ accepted: 2, acked: 2 }));
  expect(report.problems).toEqual([]);
  expect(report).toMatchObject({ isValid: true, attempted: 2, sent: 2, delivered: 2, acked: 2, recovered: 0 });
});

test("a history survives JSON", () => {
  const history = [...whole("p-0"), crash(), stats({ accepted: 1, acked: 1 })];
  const read = JSON.parse(JSON.stringify(history)) as History;
  expect(check(read, { maxDeliveries: 3 })).toEqual(check(history, { maxDeliveries: 3 }));
});

describe("lost", () => {
  test.each([
    ["prefix", [0], 0, 0],
    ["middle", [1, 2], 1, 2],
    ["tail", [3, 4], 3, 4],
    ["all", [0, 1, 2, 3, 4], 0, 4],
  ] as const)("what nobody got is lost, and said to be the %s", (where, missing, from, to) => {
    const bodies = [0, 1, 2, 3, 4].map((i) => [i, `p-${i}`] as const);
    const lost = bodies.map(([i, body]) => ((missing as readonly number[]).includes(i) ? sending(body) : whole(body)));
    const report = judge(lost.flat());
    expect(report.lost).toEqual([{ producer: "p", from, to, where, how: "undelivered" }]);
    expect(report.isValid).toBe(false);
  });

  test("what its dead consumer was the last to see is lost", () => {
    const report = judge(sending("p-0"), delivered("p-0"), crash());
    expect(report.lost).toMatchObject([{ how: "unsettled" }]);
  });

  test("an ack that came too late ends nothing", () => {
    const report = judge(sending("p-0"), delivered("p-0"), settle("p-0"), settleFailed("p-0"));
    expect(report.lost).toMatchObject([{ how: "unsettled" }]);
  });

  test("what waits after the queue was drained is stuck, and fine where it was not", () => {
    const history = [...sending("p-0"), { at, type: "waiting", body: "p-0", id: id("p-0") } as const];
    expect(judge(history).lost).toMatchObject([{ how: "stuck" }]);
    expect(check(history, { maxDeliveries: 3, isDrained: false }).isValid).toBe(true);
  });

  test("a dead letter is not lost, nor what was refused or never answered", () => {
    const refused = [send("p-1"), { at, type: "send-failed", body: "p-1" } as const];
    const unknown = [send("p-2"), { at, type: "send-unknown", body: "p-2" } as const];
    const dead = { at, type: "dead", body: "p-0", id: id("p-0"), reason: "max-deliveries" } as const;
    expect(judge(sending("p-0"), dead, refused, unknown)).toMatchObject({ lost: [], refused: 1, isValid: true });
  });
});

test("a delivery that nobody sent, or whose send was refused, is unexpected", () => {
  const refused = [send("p-1"), { at, type: "send-failed", body: "p-1" } as const];
  const report = judge(delivered("p-0"), acking("p-0"), refused, delivered("p-1"), acking("p-1"));
  expect(report.unexpected).toEqual(["p-0", "p-1"]);
});

test("a send of unknown outcome that arrived is recovered", () => {
  expect(judge(send("p-0"), delivered("p-0"), acking("p-0"))).toMatchObject({ recovered: 1, isValid: true });
});

test("one send that was stored twice is found by its ids", () => {
  const twin = { ...of("p-0", "c", 1), id: "another", type: "delivered" } as const;
  expect(judge(whole("p-0"), twin).storedTwice).toEqual(["p-0"]);
});

describe("duplicated, by cause", () => {
  const again = (...between: HistoryEvent[]) =>
    judge(sending("p-0"), delivered("p-0"), between, delivered("p-0", "d", 2), acking("p-0", "d", 2));

  test.each([
    ["crash", () => [crash()]],
    ["suspend", () => [{ at, type: "suspend", consumer: "c" } as const]],
    ["timeout", () => [aborted("p-0", "timeout")]],
    ["lease-ended", () => [aborted("p-0", "lease-lost")]],
    ["lease-ended", () => [settle("p-0"), settleFailed("p-0")]],
    ["closed", () => [aborted("p-0", "closed")]],
  ] as const)("%s explains it", (cause, between) => {
    const report = again(...between());
    expect(report.duplicated[cause]).toBe(1);
    expect(report.isValid).toBe(true);
  });

  test("the end of a lease that nobody renews explains it, once that has come", () => {
    const first = (leaseMs: number): HistoryEvent => ({ ...of("p-0", "c", 1), type: "delivered", leaseMs });
    const taken = (leaseMs: number) =>
      judge(sending("p-0"), first(leaseMs), delivered("p-0", "d", 2), acking("p-0", "d", 2));
    expect(taken(1).duplicated["lease-ended"]).toBe(1);
    expect(taken(2).duplicated.unexplained).toBe(1);
  });

  test.each([
    ["host-lost", () => [{ at, type: "host-lost" } as const]],
    ["hand-over", () => [{ at, type: "host-lost", isPlanned: true } as const]],
    ["unexplained", () => []],
    ["unexplained", () => [crash("somebody else")]],
  ] as const)("%s does not", (cause, between) => {
    const report = again(...between());
    expect(report.duplicated[cause]).toBe(1);
    expect(report.isValid).toBe(false);
  });

  describe.each(["crash", "suspend"] as const)("a %s at a moment that nobody knows", (type) => {
    const begin = (consumer = "c"): HistoryEvent => ({ at: at++, type, consumer, begins: true });
    const end = (consumer = "c"): HistoryEvent => ({ at: at++, type, consumer });
    const handled = acking("p-0", "d", 2);
    const causeIn = (...events: HistoryEvent[]) => {
      const { duplicated, isValid } = judge(sending("p-0"), events, handled);
      return { cause: Object.entries(duplicated).find(([, counted]) => counted > 0)?.[0], isValid };
    };
    const explained = { cause: type, isValid: true };
    const unexplained = { cause: "unexplained", isValid: false };

    test("explains a delivery that began after its begin, and the next one before its end", () => {
      expect(causeIn(begin(), delivered("p-0"), delivered("p-0", "d", 2), end())).toEqual(explained);
    });

    test("explains what is around its begin, or its end", () => {
      expect(causeIn(delivered("p-0"), begin(), delivered("p-0", "d", 2), end())).toEqual(explained);
      expect(causeIn(begin(), delivered("p-0"), end(), delivered("p-0", "d", 2))).toEqual(explained);
    });

    test("explains a report of its own that arrived after the next delivery, while it lasted", () => {
      expect(causeIn(begin("d"), delivered("p-0", "c"), delivered("p-0", "d", 2), end("d")).cause).toBe("unexplained");
      const late = judge(
        [...sending("p-0"), begin("d"), delivered("p-0"), settle("p-0"), settled("p-0")],
        [delivered("p-0", "d"), end("d")],
      );
      expect(late.duplicated[type]).toBe(1);
      expect(late.isValid).toBe(true);
    });

    test("explains nothing before it began, after it ended, or of somebody else", () => {
      expect(causeIn(delivered("p-0"), delivered("p-0", "d", 2), begin(), end())).toEqual(unexplained);
      expect(causeIn(begin(), end(), delivered("p-0"), delivered("p-0", "d", 2))).toEqual(unexplained);
      expect(causeIn(begin("e"), delivered("p-0"), delivered("p-0", "d", 2), end("e"))).toEqual(unexplained);
    });
  });

  test.each(["retry", "release"] as const)("a %s asked for it: not a duplicate", (verdict) => {
    const report = again(settle("p-0", verdict), settled("p-0", verdict));
    expect(Object.values(report.duplicated).every((counted) => counted === 0)).toBe(true);
    expect(report.isValid).toBe(true);
  });
});

describe("stale settlements", () => {
  test("an ack that took effect although a newer attempt was out", () => {
    const report = judge(
      sending("p-0"),
      delivered("p-0"),
      aborted("p-0", "lease-lost"),
      delivered("p-0", "d", 2),
      acking("p-0", "c", 1),
    );
    expect(report.stale).toEqual(["p-0"]);
  });

  test("two acks of one message that both took effect", () => {
    const report = judge(sending("p-0"), delivered("p-0"), crash(), delivered("p-0", "d"), [
      ...acking("p-0", "d"),
      ...acking("p-0", "c"),
    ]);
    expect(report.stale).toEqual(["p-0"]);
  });

  test("a delivery after the ack", () => {
    const report = judge(whole("p-0"), delivered("p-0", "d", 2));
    expect(report.stale).toEqual(["p-0"]);
  });

  test("a retry that took effect although the message had been handed out anew", () => {
    const report = judge(
      [...sending("p-0"), delivered("p-0"), crash(), delivered("p-0", "d", 2)],
      [settle("p-0", "retry"), settled("p-0", "retry"), ...acking("p-0", "d", 2)],
    );
    expect(report.stale).toEqual(["p-0"]);
  });

  test("not: a delivery that had been under way for too long, and whose settlement fails", () => {
    const report = judge(
      whole("p-0"),
      delivered("p-0", "d"),
      settle("p-0", "ack", "d"),
      settleFailed("p-0", "lease-lost", "d"),
    );
    expect(report.stale).toEqual([]);
  });
});

test("an attempt over the limit is found", () => {
  expect(judge(sending("p-0"), delivered("p-0", "c", 4), acking("p-0", "c", 4)).overLimit).toEqual(["p-0"]);
});

describe("early", () => {
  const delayed = (afterMs: number, ...between: HistoryEvent[]) =>
    check(
      [
        { ...send("p-0", { delayMs: 1_000 }), at: 0 },
        sent("p-0"),
        ...between,
        { ...delivered("p-0"), at: afterMs },
        ...acking("p-0"),
      ],
      { maxDeliveries: 3 },
    ).early;

  test("a delivery before its delay is over", () => expect(delayed(999)).toEqual(["p-0"]));
  test("not: one on time", () => expect(delayed(1_000)).toEqual([]));
  test("not: one that the wall clock made due", () =>
    expect(delayed(400, { at: 1, type: "clock", byMs: 600 })).toEqual([]));
  test("a clock set back excuses nothing", () =>
    expect(delayed(999, { at: 1, type: "clock", byMs: -600 })).toEqual(["p-0"]));

  test("a retry before the delay that was asked for", () => {
    const retried = { ...settle("p-0", "retry"), at: 10, delayMs: 500 } as HistoryEvent;
    const report = check(
      [
        ...[...sending("p-0"), delivered("p-0"), retried, settled("p-0", "retry")],
        ...[{ ...delivered("p-0", "c", 2), at: 400 }, ...acking("p-0", "c", 2)],
      ],
      { maxDeliveries: 3 },
    );
    expect(report.early).toEqual(["p-0"]);
  });
});

describe("order", () => {
  const both = (first: Extra<"send">, second: Extra<"send">, isOrdered = true) =>
    check(
      [
        ...[...sending("p-0", first), ...sending("p-1", second)],
        ...[delivered("p-1"), ...acking("p-1"), delivered("p-0"), ...acking("p-0")],
      ],
      { maxDeliveries: 3, isOrdered },
    ).outOfOrder;

  test("a first delivery that a later message of its priority overtook", () =>
    expect(both({ priority: 4 }, { priority: 4 })).toEqual(["p-0"]));
  test("not: one that the next host accepted after the later one, which the host before had accepted", () => {
    const accepted = (body: string, id: string, attempt = 1) => [
      { ...delivered(body, "c", attempt), id } as HistoryEvent,
      ...acking(body).map((event) => ({ ...event, id }) as HistoryEvent),
    ];
    const judged = (first: string, second: string) =>
      check(
        [
          ...[send("p-0"), sent("p-0", { id: first }), send("p-1"), sent("p-1", { id: second })],
          ...[...accepted("p-1", second), ...accepted("p-0", first)],
        ],
        { maxDeliveries: 3, isOrdered: true },
      ).outOfOrder;
    expect(judged("next-9", "before-8")).toEqual([]);
    expect(judged("before-9", "before-8")).toEqual(["p-0"]);
    expect(judged("before-7", "next-8")).toEqual(["p-0"]);
  });
  test("not: one of a lower priority, or delayed, or where nobody can tell", () => {
    expect(both({ priority: 4 }, { priority: 9 })).toEqual([]);
    expect(both({ delayMs: 0 }, {})).toEqual([]);
    expect(both({}, {}, false)).toEqual([]);
  });
});

describe("turn within a group", () => {
  const judged = (...history: (HistoryEvent | HistoryEvent[])[]) =>
    check(history.flat() as History, { maxDeliveries: 3 }).outOfTurn;
  const inGroup = (groupId: string) => [...sending("p-0", { groupId }), ...sending("p-1", { groupId: "g" })];

  test("a message that was handled before an earlier one of its group was done", () =>
    expect(judged(inGroup("g"), delivered("p-0"), delivered("p-1"), acking("p-0"), acking("p-1"))).toEqual(["p-1"]));
  test("not: one after the other, or of another group", () => {
    expect(judged(inGroup("g"), delivered("p-0"), acking("p-0"), delivered("p-1"), acking("p-1"))).toEqual([]);
    expect(judged(inGroup("h"), delivered("p-0"), delivered("p-1"), acking("p-0"), acking("p-1"))).toEqual([]);
  });
  test("where the reports of two processes arrived the other way round, their clock tells", () => {
    const at = (wroteAt: number, event: HistoryEvent): HistoryEvent => ({ ...event, wroteAt }) as HistoryEvent;
    const when = (acked: number, begun: number) =>
      judged(
        ...[inGroup("g"), delivered("p-0"), at(begun, delivered("p-1", "d"))],
        ...[at(acked, settle("p-0")), settled("p-0"), acking("p-1", "d")],
      );
    expect(when(10, 12)).toEqual([]);
    expect(when(12, 10)).toEqual(["p-1"]);
  });
});

describe("conservation", () => {
  test.each([
    ["a message that is nowhere", { accepted: 1, acked: 0 }],
    ["one accepted that nobody sent", { accepted: 2, acked: 1, ready: 1 }],
    ["an ack that nobody gave", { accepted: 1, acked: 2, ready: -1 }],
    ["an ack that was forgotten", { accepted: 1, acked: 0, ready: 1 }],
  ])("%s", (_, counted) => {
    const report = judge(whole("p-0"), stats(counted));
    expect(report.conservation.length).toBeGreaterThan(0);
    expect(report.isValid).toBe(false);
  });
});

test("an event that cannot be true is a problem, not ignored", () => {
  expect(judge(whole("p-0"), settle("p-0", "ack", "nobody")).isValid).toBe(false);
  expect(judge(whole("p-0"), send("p-0")).isValid).toBe(false);
});
