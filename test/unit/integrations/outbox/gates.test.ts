import { describe, expect, test } from "vitest";
import { createGates } from "../../../../src/integrations/outbox/gates.js";

const ORIGIN = "https://a.test";
const backoff = { baseMs: 1_000, maxMs: 60_000 };
const gatesWith = (more: Partial<Parameters<typeof createGates>[0]> = {}) =>
  createGates({ backoff, maxRetryAfterMs: 60_000, threshold: 3, rateLimit: undefined, random: () => 0.5, ...more });
const fail = (gates: ReturnType<typeof createGates>, times: number, now = 0) => {
  for (let i = 0; i < times; i++) gates.failed(ORIGIN, now, { attempt: 0 });
};

describe("the breaker", () => {
  test("lets everything pass until so many failures came in a row", () => {
    const gates = gatesWith();
    fail(gates, 2);
    expect(gates.enter(ORIGIN, 0)).toEqual({ type: "go", ms: 0 });
    fail(gates, 1);
    expect(gates.enter(ORIGIN, 0).type).toBe("wait");
    expect(gates.enter("https://b.test", 0).type).toBe("go");
  });

  test("is open no longer than the caller says it may be after what it could not reach, and spread over that", () => {
    const rolls = [0.2, 0.9];
    const waits = rolls.map((roll) => {
      const gates = gatesWith({ random: () => roll });
      const ms = Array.from({ length: 12 }, () => gates.failed(ORIGIN, 0, { attempt: 0, maxMs: 300 })).at(-1) ?? 0;
      expect(gates.enter(ORIGIN, 0).ms).toBeLessThanOrEqual(2 * 300);
      return ms;
    });
    expect(waits[0]).toBeLessThan(waits[1] as number);
    expect(waits[1]).toBeLessThanOrEqual(300);
  });

  test("is half open after its time: one request at a time, until one succeeds", () => {
    const gates = gatesWith();
    fail(gates, 3);
    const { ms } = gates.enter(ORIGIN, 0);
    expect(ms).toBeGreaterThanOrEqual(2_000);
    expect(gates.enter(ORIGIN, ms).type).toBe("go");
    expect(gates.enter(ORIGIN, ms).type).toBe("wait");
    gates.succeeded(ORIGIN);
    expect([1, 2, 3].map(() => gates.enter(ORIGIN, ms).type)).toEqual(["go", "go", "go"]);
  });

  test("opens again, for longer, when the probe fails", () => {
    const gates = gatesWith();
    fail(gates, 3);
    expect(gates.enter(ORIGIN, 2_000).type).toBe("go");
    gates.failed(ORIGIN, 2_000, { attempt: 0 });
    expect(gates.enter(ORIGIN, 2_000 + 3_999).type).toBe("wait");
    expect(gates.enter(ORIGIN, 2_000 + 4_000).type).toBe("go");
  });

  test("lets the next probe in when one was given up without an answer", () => {
    const gates = gatesWith();
    fail(gates, 3);
    expect(gates.enter(ORIGIN, 9_000).type).toBe("go");
    gates.left(ORIGIN);
    expect(gates.enter(ORIGIN, 9_000).type).toBe("go");
  });

  test("forgets failures when the network is another one, but not what a server asked for", () => {
    const gates = gatesWith();
    fail(gates, 9);
    gates.reset();
    expect(gates.enter(ORIGIN, 0).type).toBe("go");
    gates.failed(ORIGIN, 0, { afterMs: 5_000, attempt: 1 });
    gates.reset();
    expect(gates.enter(ORIGIN, 4_999).type).toBe("wait");
    expect(gates.enter(ORIGIN, 5_000).type).toBe("go");
  });

  test("can be switched off", () => {
    const gates = gatesWith({ threshold: 0 });
    fail(gates, 99);
    expect(gates.enter(ORIGIN, 0).type).toBe("go");
  });
});

test("a server that asks to be left alone is, by all requests, from the first answer on", () => {
  const gates = gatesWith();
  const ms = gates.failed(ORIGIN, 0, { afterMs: 10_000, attempt: 1 });
  expect(ms).toBeGreaterThanOrEqual(10_000);
  expect(gates.enter(ORIGIN, 9_999).type).toBe("wait");
});

test("a request that fails alone waits longer each time, also while others succeed", () => {
  const gates = gatesWith();
  const waits = [1, 2, 3, 4].map((attempt) => {
    gates.succeeded(ORIGIN);
    return gates.failed(ORIGIN, 0, { attempt });
  });
  expect(waits).toEqual([500, 1_000, 2_000, 4_000]);
});

test("the rate limit lets a burst pass and spaces what comes after it", () => {
  const gates = gatesWith({ rateLimit: { limit: 4, intervalMs: 1_000 } });
  const waits = Array.from({ length: 8 }, () => gates.enter(ORIGIN, 0).ms);
  expect(waits).toEqual([0, 0, 0, 0, 250, 500, 750, 1_000]);
});

describe("what a server asks for", () => {
  test.each([2_592_000_000, Number.POSITIVE_INFINITY])("is obeyed for an hour at most: %d ms", (afterMs) => {
    const gates = gatesWith({ maxRetryAfterMs: 3_600_000 });
    const ms = gates.failed(ORIGIN, 0, { afterMs, attempt: 1 });
    expect(ms).toBe(3_600_000 + 500);
    expect(gates.enter(ORIGIN, 3_599_999).type).toBe("wait");
    expect(gates.enter(ORIGIN, 3_600_000).type).toBe("go");
  });
  test("does not shorten the backoff", () => {
    const waits = [1, 2, 3, 4].map((attempt) => gatesWith().failed(ORIGIN, 0, { afterMs: 0, attempt }));
    expect(waits).toEqual([500, 1_000, 2_000, 4_000]);
  });
});
