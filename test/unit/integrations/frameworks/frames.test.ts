import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { onFrame } from "../../../../src/integrations/frameworks/frames.js";

beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A page that draws when it is told to. */
function stubFrames() {
  const frames = new Map<number, () => void>();
  let last = 0;
  vi.stubGlobal("requestAnimationFrame", (callback: () => void) => {
    frames.set(++last, callback);
    return last;
  });
  vi.stubGlobal("cancelAnimationFrame", (frame: number) => frames.delete(frame));
  return {
    frames,
    draw() {
      const drawing = [...frames.values()];
      frames.clear();
      for (const frame of drawing) frame();
    },
  };
}

test("what is due is told once, with all the rest, at the next frame", () => {
  const { frames, draw } = stubFrames();
  const told: string[] = [];
  const tell = () => told.push("a");
  for (let i = 0; i < 1_000; i++) onFrame(tell);
  onFrame(() => told.push("b"));
  expect(frames.size).toBe(1);
  expect(told).toEqual([]);
  draw();
  expect(told).toEqual(["a", "b"]);
  expect(frames.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("what becomes due while others are told waits for the frame after", () => {
  const { draw } = stubFrames();
  const told: number[] = [];
  const again = () => {
    told.push(told.length);
    if (told.length < 3) onFrame(again);
  };
  onFrame(again);
  draw();
  expect(told).toEqual([0]);
  draw();
  draw();
  expect(told).toEqual([0, 1, 2]);
});

test("a page that draws nothing is told all the same, and not once more when it draws again", () => {
  const { frames, draw } = stubFrames();
  const told: string[] = [];
  onFrame(() => told.push("hidden"));
  vi.advanceTimersByTime(100);
  expect(told).toEqual(["hidden"]);
  expect(frames.size).toBe(0);
  draw();
  expect(told).toEqual(["hidden"]);
});

test("where nothing draws, it comes after 16 ms", () => {
  const told: string[] = [];
  onFrame(() => told.push("a"));
  vi.advanceTimersByTime(15);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual(["a"]);
});

test("one that throws keeps nobody from being told, and its error is seen", () => {
  const { draw } = stubFrames();
  const told: string[] = [];
  onFrame(() => {
    throw new Error("a bug of one component");
  });
  onFrame(() => told.push("the others"));
  draw();
  expect(told).toEqual(["the others"]);
  expect(() => vi.runAllTimers()).toThrow("a bug of one component");
});
