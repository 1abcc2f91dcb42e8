import { describe, expect, test } from "vitest";
import { createSpeech } from "../../../../src/integrations/elements/speech.js";
import { createProgress } from "../../../../src/integrations/outbox-element/progress.js";
import {
  deathOf,
  describedByDefault,
  failureOf,
  quoteOf,
  stateOf,
} from "../../../../src/integrations/outbox-element/words.js";
import type { DeadOutboxMessage, WaitingOutboxMessage } from "../../../../src/outbox.js";
import {
  defineOutboxElement,
  english,
  german,
  type OutboxTexts,
  simplifiedChinese,
} from "../../../../src/outbox-element.js";

const speech = createSpeech<keyof OutboxTexts>(english, "en");
const NOW = 1_000_000;
const message = {
  ...{ id: "i", url: "https://a.test/notes?x=1", method: "POST", groupId: "g", priority: 4, idempotencyKey: "k" },
  ...{ metadata: undefined, attempt: 1, queuedAt: NOW },
};
const waiting = (over: Partial<WaitingOutboxMessage>): WaitingOutboxMessage => ({
  ...message,
  ...{ state: "ready", dueAt: null, lastFailure: null, lastStatus: null, ...over },
});
const dead = (status: number | null): DeadOutboxMessage => ({ ...message, reason: "", status, answer: null });

describe("the texts", () => {
  const placesIn = (text: OutboxTexts[keyof OutboxTexts]) =>
    [...new Set(JSON.stringify(text).match(/\{\w+\}/g))].sort();

  test.each([german, simplifiedChinese])("of $lang say what those of English say, with the same values", (texts) => {
    expect(Object.keys(texts)).toEqual(Object.keys(english));
    for (const [key, text] of Object.entries(english)) {
      // Only what counts may leave its number out.
      const places = placesIn(texts[key as keyof OutboxTexts]);
      if (key !== "lang" && typeof text === "string") expect([key, places]).toEqual([key, placesIn(text)]);
      expect(texts[key as keyof OutboxTexts], key).toBeTruthy();
    }
  });

  test("may be looked at on a server, where nothing is defined", () => {
    expect(() => defineOutboxElement()).not.toThrow();
  });
});

describe("a row says", () => {
  test("what it is about: what the application has said of it, or where it goes", () => {
    const titleOf = (metadata: unknown) => describedByDefault({ ...waiting({}), metadata }).title;
    expect(titleOf("two herons")).toBe("two herons");
    expect(titleOf({ title: "an otter", text: "x" })).toBe("an otter");
    for (const metadata of [undefined, null, "", { title: 3 }, 7]) expect(titleOf(metadata)).toBe("POST /notes");
  });

  test.each<[Partial<WaitingOutboxMessage>, boolean, string]>([
    [{ state: "leased" }, true, "Being sent"],
    [{ state: "blocked" }, false, "Waits for the one before it"],
    [{}, true, "Waits for the network"],
    [{}, false, "Next to be sent"],
    [{ state: "delayed", dueAt: NOW - 1 }, false, "Next to be sent"],
    [{ state: "delayed", dueAt: NOW + 90_000 }, false, "Tried again in 2 minutes"],
  ])("where it is: %j, offline %s: %s", (over, isOffline, text) => {
    expect(stateOf(speech, waiting(over), isOffline, NOW)).toBe(text);
  });

  test.each<[Partial<WaitingOutboxMessage>, boolean, string]>([
    [{}, false, ""],
    [{ state: "delayed" }, false, "The server could not be reached."],
    [{ state: "delayed" }, true, ""],
    [{ state: "delayed", lastStatus: 503 }, true, "The server has a problem (503)."],
    [{ lastStatus: 429 }, false, "The server has too much to do (429)."],
    [{ lastStatus: 200 }, false, "It was led to another page: you may have to sign in again."],
  ])("what came of its last attempt: %j, offline %s: %s", (over, isOffline, text) => {
    expect(failureOf(speech, waiting(over), isOffline)).toBe(text);
  });

  test.each([
    [null, /in time/],
    [400, /accept .*400/],
    [403, /allowed .*403/],
    [404, /no longer there/],
    [409, /changed this/],
    [413, /too large/],
    [418, /refuses it \(418\)/],
    [422, /accept .*422/],
  ])("why it failed: %s", (status, text) => {
    expect(deathOf(speech, dead(status))).toMatch(text);
  });

  test.each([
    [null, ""],
    ["  No such order.  ", "No such order."],
    ["<!doctype html><h1>422</h1>", ""],
    ['{"title":"Bad","detail":"The photo is missing."}', "The photo is missing."],
    ['{"error":{"code":3},"message":"Too long"}', "Too long"],
    ['{"error":"refused"}', "refused"],
    ['"plain"', "plain"],
    ['{"detail":"cut off he', ""],
    ["null", "null"],
    ["[1]", ""],
    ["x".repeat(400), `${"x".repeat(300)}…`],
  ])("what the server has said, where it is for people: %j", (answer, text) => {
    expect(quoteOf(answer)).toBe(text);
  });
});

describe("how far it is", () => {
  const follow = (...totals: readonly (readonly [acked: number, waiting: number])[]) => {
    const next = createProgress();
    return totals.map(([acked, waiting]) => {
      const progress = next(acked, waiting);
      return progress && `${progress.sent} of ${progress.count}`;
    });
  };

  test("counts from when nothing waited last", () => {
    expect(follow([7, 0], [7, 2], [8, 2], [10, 0], [10, 0], [10, 1], [11, 0])).toEqual([
      ...[undefined, "0 of 2", "1 of 3", "3 of 3", "3 of 3", "0 of 1", "1 of 1"],
    ]);
  });

  test("counts what was sent between two looks, too", () => {
    expect(follow([7, 0], [9, 0], [9, 0], [10, 0])).toEqual([undefined, "2 of 2", "2 of 2", "1 of 1"]);
  });

  test("begins with what waits when it is first looked at", () => {
    expect(follow([100, 21], [103, 18])).toEqual(["0 of 21", "3 of 21"]);
  });

  test("leaves out what was cancelled, and says nothing of a run in which nothing was sent", () => {
    expect(follow([0, 3], [1, 1], [2, 0], [2, 1], [2, 0])).toEqual(["0 of 3", "1 of 2", "2 of 2", "0 of 1", undefined]);
  });

  test("begins anew with another outbox, or one that was deleted", () => {
    expect(follow([50, 2], [0, 1], [1, 0])).toEqual(["0 of 2", "0 of 1", "1 of 1"]);
  });
});
