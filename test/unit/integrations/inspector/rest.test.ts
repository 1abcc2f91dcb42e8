// @vitest-environment happy-dom
// How often a host is asked by an inspector that is open: the longer its answers take, the more seldom.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Inspection } from "../../../../src/index.js";
import { createRest } from "../../../../src/integrations/inspector/rest.js";
import { createVirtualList } from "../../../../src/integrations/inspector/virtual-list.js";
import { watchInspections } from "../../../../src/integrations/inspector/watching.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const answered = <Answer>(answer: Answer, ms: number) =>
  new Promise<Answer>((resolve) => setTimeout(() => resolve(answer), ms));

test.each([
  [1, 60],
  [200, 15],
  [3_000, 1],
])("a host that answers after %i ms is asked about %i times a minute", async (tookMs, times) => {
  let asked = 0;
  const inspect = () => {
    asked++;
    return answered({} as Inspection, tookMs);
  };
  const watching = watchInspections(
    inspect,
    () => {},
    () => {},
    createRest(),
  );
  await vi.advanceTimersByTimeAsync(60_000);
  watching.end();
  expect(asked).toBeGreaterThanOrEqual(times);
  expect(asked).toBeLessThanOrEqual(times + 1);
});

test("a list that is told of changes all the time reads anew as seldom, and what is not there yet at once", async () => {
  const list = createVirtualList<number>({ label: "l", rest: createRest(), columns: [], onOpen() {}, onFailed() {} });
  Object.defineProperty(list.element, "clientHeight", { value: 340 });
  document.body.append(list.element);
  const offsets: number[] = [];
  list.reset(1_000, (offset) => {
    offsets.push(offset);
    return answered([1], 200);
  });
  for (let second = 0; second < 20; second++) {
    await vi.advanceTimersByTimeAsync(1_000);
    list.refresh(1_000);
  }
  expect(offsets.length).toBeGreaterThanOrEqual(5);
  expect(offsets.length).toBeLessThanOrEqual(6);
  list.element.scrollTop = 200 * 34;
  list.element.dispatchEvent(new Event("scroll"));
  await vi.advanceTimersByTimeAsync(100);
  expect(offsets.at(-1)).toBe(200);
  list.element.remove();
});

test("whatever asks, a host gives all of it together a twentieth of its time", async () => {
  const rest = createRest();
  await Promise.all([rest.measured(() => answered(1, 10)), vi.advanceTimersByTimeAsync(10)]);
  expect(rest.left()).toBe(190);
  await Promise.all([rest.measured(() => answered(1, 10)), vi.advanceTimersByTimeAsync(10)]);
  expect(rest.left()).toBe(370);
});
