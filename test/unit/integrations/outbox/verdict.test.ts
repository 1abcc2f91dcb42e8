import { describe, expect, test } from "vitest";
import { judge, partsOfReason, reasonOf, retryAfterMs } from "../../../../src/integrations/outbox/verdict.js";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const answer = (status: number, headers: Record<string, string> = {}) => new Response(null, { status, headers });

describe("an answer", () => {
  test.each([200, 201, 204, 301, 304])("of %i is a delivery", (status) => {
    expect(judge(answer(status), NOW)).toEqual({ type: "delivered" });
  });
  test.each([408, 425, 429, 500, 502, 503, 504, 599])("of %i is for later", (status) => {
    expect(judge(answer(status), NOW)).toEqual({ type: "retry", afterMs: undefined });
  });
  test.each([400, 401, 403, 404, 409, 410, 413, 422, 451])("of %i is final", (status) => {
    expect(judge(answer(status), NOW)).toEqual({ type: "dead" });
  });
  test.each(["opaque", "opaqueredirect"] as const)("that is %s is a delivery", (type) => {
    expect(judge({ type, status: 0, headers: new Headers() }, NOW)).toEqual({ type: "delivered" });
  });
});

describe("Retry-After", () => {
  const waitFor = (value: string, date?: string) =>
    retryAfterMs(new Headers({ "retry-after": value, ...(date && { date }) }), NOW);
  test("in seconds", () => expect(waitFor("120")).toBe(120_000));
  test("as a date, by the clock here", () => expect(waitFor("Sun, 01 Mar 2026 12:01:30 GMT")).toBe(90_000));
  test("as a date, by the server's own clock where it tells it", () => {
    expect(waitFor("Sun, 01 Mar 2026 09:00:10 GMT", "Sun, 01 Mar 2026 09:00:00 GMT")).toBe(10_000);
  });
  test("of the past is at once", () => expect(waitFor("Sun, 01 Mar 2026 11:00:00 GMT")).toBe(0));
  test.each(["soon", "-5", ""])("that says %j is none", (value) => expect(waitFor(value)).toBeUndefined());
  test("comes with the verdict", () => {
    expect(judge(answer(503, { "retry-after": "7" }), NOW)).toEqual({ type: "retry", afterMs: 7_000 });
  });
});

describe("the reason of a death", () => {
  test("is the status and the first kilobyte of the answer, and can be read back", async () => {
    const reason = await reasonOf(
      new Response("x".repeat(5_000), { status: 422, statusText: "Unprocessable Content" }),
    );
    expect(reason).toBe(`HTTP 422 Unprocessable Content\n${"x".repeat(1_024)}`);
    expect(partsOfReason(reason)).toEqual({ status: 422, answer: "x".repeat(1_024) });
  });
  test("keeps lines, and does without an answer", async () => {
    expect(partsOfReason(await reasonOf(new Response("a\nb", { status: 400 })))).toEqual({
      status: 400,
      answer: "a\nb",
    });
    expect(partsOfReason(await reasonOf(answer(404)))).toEqual({ status: 404, answer: null });
  });
  test("that is none of ours has no status", () => {
    expect(partsOfReason("expired")).toEqual({ status: null, answer: null });
  });
});
