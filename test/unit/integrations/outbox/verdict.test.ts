import { describe, expect, test, vi } from "vitest";
import type { OutboxMessage } from "../../../../src/integrations/outbox/options.js";
import { judge, partsOfReason, reasonOf, retryAfterMs } from "../../../../src/integrations/outbox/verdict.js";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const POST = { method: "POST", url: "https://a.test/saves" } as OutboxMessage;
const verdictOn = (response: Response, message = POST, settings: Parameters<typeof judge>[2] = {}) =>
  judge(response, message, settings, NOW);
const shown = (members: Partial<Response>) =>
  Object.defineProperties(
    new Response("page"),
    Object.fromEntries(Object.entries(members).map(([name, value]) => [name, { value }])),
  );
const answer = (status: number, headers: Record<string, string> = {}) => new Response(null, { status, headers });

describe("an answer", () => {
  test.each([200, 201, 204, 301, 304])("of %i is a delivery", async (status) => {
    expect(await verdictOn(answer(status))).toEqual({ type: "delivered" });
  });
  test.each([408, 425, 429, 500, 502, 503, 504, 599])("of %i is for later", async (status) => {
    expect(await verdictOn(answer(status))).toEqual({ type: "retry", afterMs: undefined });
  });
  test.each([400, 401, 403, 404, 409, 410, 413, 422, 451])("of %i is final", async (status) => {
    expect(await verdictOn(answer(status))).toEqual({ type: "dead" });
  });
  test.each(["opaque", "opaqueredirect"] as const)("that is %s is a delivery", async (type) => {
    expect(await verdictOn(shown({ type, status: 0 }))).toEqual({ type: "delivered" });
  });
  test.each([
    ["POST", "https://a.test/login"],
    ["POST", "https://a.test/saves"],
    ["PUT", "https://a.test/login"],
    ["DELETE", "https://portal.test/saves"],
  ])("to a %s that was redirected to %s is for later", async (method, url) => {
    expect(await verdictOn(shown({ redirected: true, url }), { ...POST, method })).toMatchObject({ type: "retry" });
  });
  test.each([
    ["GET", "https://a.test/login"],
    ["PUT", "https://a.test/saves?version=2"],
  ])("to a %s that was redirected to %s is a delivery", async (method, url) => {
    expect(await verdictOn(shown({ redirected: true, url }), { ...POST, method })).toEqual({ type: "delivered" });
  });
  test("means what the application says, which may read it and leave it open", async () => {
    const read: string[] = [];
    const settings = {
      judge: async (response: Response) => {
        const text = await response.text();
        read.push(text);
        return text === "later" ? ("retry" as const) : undefined;
      },
    };
    const later = new Response("later");
    expect(await verdictOn(later, POST, settings)).toMatchObject({ type: "retry" });
    expect(await later.text()).toBe("later");
    expect(await verdictOn(new Response("fine"), POST, settings)).toEqual({ type: "delivered" });
    expect(read).toEqual(["later", "fine"]);
  });
  test("is judged as without `judge` when that throws or says what there is not, and it is reported", async () => {
    const reported: string[] = [];
    vi.stubGlobal("reportError", (error: Error) => reported.push(error.message));
    const judges = [() => Promise.reject(new Error("oops")), () => "fine" as never];
    for (const one of judges) expect(await verdictOn(answer(200), POST, { judge: one })).toEqual({ type: "delivered" });
    expect(reported).toEqual(["oops", expect.stringContaining('returned "fine"')]);
    vi.unstubAllGlobals();
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
  test("comes with the verdict", async () => {
    expect(await verdictOn(answer(503, { "retry-after": "7" }))).toEqual({ type: "retry", afterMs: 7_000 });
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
