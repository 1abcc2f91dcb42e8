// @vitest-environment happy-dom
// What is said of what was done, and what waits before it is done.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createSaying, type Saying } from "../../../../src/integrations/inspector/saying.js";

let saying: Saying;
const done: string[] = [];
const act = (name: string) => async () => void done.push(name);
const press = (label: string) => {
  const buttons = [...saying.element.querySelectorAll("button")];
  buttons.find(({ textContent }) => textContent === label)?.click();
};
const said = () => saying.element.querySelector("[role=status]")?.textContent;

beforeEach(() => {
  vi.useFakeTimers();
  saying = createSaying();
  done.length = 0;
});
afterEach(() => void vi.useRealTimers());

test("what cannot be taken back is done when its grace is over, once", async () => {
  saying.later("It is deleted", "No", act("delete"));
  expect(said()).toContain("It is deleted, in 5 seconds.");
  await vi.advanceTimersByTimeAsync(4_900);
  expect(done).toEqual([]);
  await vi.advanceTimersByTimeAsync(20_000);
  await saying.finish();
  expect(done).toEqual(["delete"]);
});

test("what is taken back in its grace is not done", async () => {
  saying.later("It is deleted", "No", act("delete"));
  saying.undo();
  expect(said()).toBe("Nothing was done.");
  await vi.advanceTimersByTimeAsync(20_000);
  expect(done).toEqual([]);
});

test("the next act, and the end, do at once what waits, in order", async () => {
  saying.later("One is deleted", "No", act("one"));
  saying.later("Two is deleted", "No", act("two"));
  await vi.advanceTimersByTimeAsync(0);
  expect(done).toEqual(["one"]);
  saying.say("Three was done.");
  await vi.advanceTimersByTimeAsync(0);
  expect(done).toEqual(["one", "two"]);
  saying.later("Four is deleted", "No", act("four"));
  await saying.finish();
  expect(done).toEqual(["one", "two", "four"]);
});

test("it is done now for who does not want to wait, and a failure is told", async () => {
  saying.later("It is deleted", "It could not be deleted", () => Promise.reject(new Error("gone already")));
  press("Do it now");
  await vi.advanceTimersByTimeAsync(0);
  expect(saying.element.querySelector("[role=alert]")?.textContent).toContain("It could not be deleted: gone already");
});

test("what has an opposite is undone once, and not after the offer is gone", async () => {
  saying.say("It is paused.", act("resume"));
  saying.undo();
  saying.undo();
  await vi.advanceTimersByTimeAsync(0);
  expect(done).toEqual(["resume"]);
  expect(said()).toBe("It is as it was.");
  saying.say("It is paused.", act("again"));
  await vi.advanceTimersByTimeAsync(9_000);
  saying.undo();
  expect(done).toEqual(["resume"]);
});

test("an offer stays while it has the focus, and gives it back to where it came from", async () => {
  const before = document.createElement("button");
  document.body.append(before, saying.element);
  before.focus();
  saying.say("It was done.", act("undo"));
  const undo = [...saying.element.querySelectorAll("button")].find(({ textContent }) => textContent === "Undo");
  undo?.focus();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(said()).toContain("It was done.");
  undo?.click();
  await vi.advanceTimersByTimeAsync(0);
  expect(done).toEqual(["undo"]);
  expect(document.activeElement).toBe(before);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(said()).toBe("");
  document.body.replaceChildren();
});
