import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createLiveRegion } from "../../../../src/integrations/elements/live-region.js";
import { createSpeech, textsFor } from "../../../../src/integrations/elements/speech.js";

describe("what is said", () => {
  const texts = {
    found: { one: "one note", few: "{count} few", other: "{count} notes" },
    named: "{act}: {title}",
  };

  test("counts by the rules of its language", () => {
    const english = createSpeech(texts, "en");
    expect([1, 2, 1_000].map((count) => english.say("found", { count }))).toEqual([
      ...["one note", "2 notes", "1,000 notes"],
    ]);
    const polish = createSpeech(texts, "pl");
    expect([1, 3, 5].map((count) => polish.say("found", { count }))).toEqual(["one note", "3 few", "5 notes"]);
  });

  test("says what it is given as it is, and leaves a place that it has nothing for", () => {
    expect(createSpeech(texts, "en").say("named", { title: "$& {act} <b>" })).toBe("{act}: $& {act} <b>");
  });

  test("tells times as people do", () => {
    const { until, time } = createSpeech(texts, "en");
    const now = new Date(2026, 10, 30, 14, 5).getTime();
    expect([0, 1, 59_001, 60_000, 5_400_000, 90_000_000].map((ms) => until(now + ms, now))).toEqual([
      ...["in 0 seconds", "in 1 second", "in 60 seconds", "in 1 minute", "in 2 hours", "in 1 day"],
    ]);
    expect(until(now - 5, now)).toBe("in 0 seconds");
    expect(createSpeech(texts, "de").until(now + 12_000, now)).toBe("in 12 Sekunden");
    expect(time(now - 60_000, now).replace(/\s/g, " ")).toBe("2:04 PM");
    expect(time(now - 86_400_000, now)).toContain("Nov 29, 2026");
  });
});

test("the texts of a page are those of its language and script", () => {
  const known = [{ lang: "de" }, { lang: "zh-Hans" }, { lang: "en" }];
  const found = (language: string) => textsFor(known, language)?.lang;
  expect(["de-AT", "zh", "zh-CN", "zh-SG", "en-GB", "EN"].map(found)).toEqual([
    ...["de", "zh-Hans", "zh-Hans", "zh-Hans", "en", "en"],
  ]);
  expect(["zh-TW", "fr", "", "no language!"].map(found)).toEqual([undefined, undefined, undefined, undefined]);
});

describe("a live region", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("says at most one sentence in its time, which has all that came since", () => {
    const said: string[] = [];
    let news = 0;
    const compose = () => {
      const text = news > 0 ? `${news}` : "";
      news = 0;
      return text;
    };
    const region = createLiveRegion((text) => said.push(text), compose, 5_000);
    const change = (count: number) => {
      news += count;
      region.changed();
    };
    change(1);
    change(1);
    vi.advanceTimersByTime(300);
    expect(said).toEqual(["2"]);
    for (let i = 0; i < 40; i++) {
      change(1);
      vi.advanceTimersByTime(100);
    }
    expect(said).toEqual(["2"]);
    vi.advanceTimersByTime(1_000);
    expect(said).toEqual(["2", "40"]);
    vi.advanceTimersByTime(60_000);
    expect(said).toEqual(["2", "40"]);
    change(3);
    vi.advanceTimersByTime(300);
    change(4);
    region.end();
    vi.advanceTimersByTime(60_000);
    expect(said).toEqual(["2", "40", "3"]);
  });
});
