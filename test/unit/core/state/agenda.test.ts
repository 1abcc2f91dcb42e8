import { expect, test } from "vitest";
import { createAgenda } from "../../../../src/core/state/agenda.js";

const NEVER = Number.POSITIVE_INFINITY;

/** An agenda of things that are due at these instants, and how often each was looked at. */
function createWorld() {
  const agenda = createAgenda<string>();
  const instants = new Map<string, number>();
  let looks = 0;
  const nextOf = (item: string) => {
    looks++;
    return instants.get(item) ?? NEVER;
  };
  return {
    agenda,
    set(item: string, at: number) {
      instants.set(item, at);
      agenda.touch(item);
    },
    next: () => agenda.next(nextOf),
    due: (now: number) => agenda.due(now, nextOf).sort(),
    get looks() {
      return looks;
    },
  };
}

test("an agenda names those that are due, and when the next one is", () => {
  const world = createWorld();
  world.set("a", 30);
  world.set("b", 10);
  world.set("c", 20);
  world.set("d", NEVER);
  expect(world.next()).toBe(10);
  expect(world.due(9)).toEqual([]);
  expect(world.due(20)).toEqual(["b", "c"]);
  world.set("b", 40);
  world.set("c", NEVER);
  expect(world.due(35)).toEqual(["a"]);
  world.agenda.remove("a");
  expect(world.next()).toBe(40);
  world.agenda.remove("b");
  expect(world.next()).toBe(NEVER);
});

test("what comes back to an instant it had before is due once", () => {
  const world = createWorld();
  for (const at of [10, 20, 10, 20, 10]) {
    world.set("a", at);
    world.next();
  }
  expect(world.due(10)).toEqual(["a"]);
});

test("only what was touched is looked at, however many others there are", () => {
  const world = createWorld();
  for (let i = 0; i < 5_000; i++) world.set(`${i}`, i % 2 === 0 ? NEVER : 1_000 + i);
  world.next();
  const before = world.looks;
  world.set("1", 500);
  expect(world.next()).toBe(500);
  expect(world.due(600)).toEqual(["1"]);
  expect(world.looks - before).toBe(1);
});

test("one that moves again and again is found at its last instant", () => {
  const world = createWorld();
  world.set("other", 7_000);
  for (let at = 6_000; at > 0; at--) {
    world.set("a", at);
    expect(world.next()).toBe(at);
  }
  world.set("a", 8_000);
  expect(world.next()).toBe(7_000);
  expect(world.due(7_999)).toEqual(["other"]);
});
