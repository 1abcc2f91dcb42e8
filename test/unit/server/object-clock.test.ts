import { describe, expect, test } from "vitest";
import { createObjectClock } from "../../../src/server/object-clock.js";
import { createClock } from "../link/socket/pair.js";

function start({ mayRest = (): boolean => true, knowsAll = (): boolean => true } = {}) {
  const hands = createClock();
  const alarms: (number | undefined)[] = [];
  const said: string[] = [];
  let refusal: Error | undefined;
  const set = async (at: number | undefined) => {
    if (refusal) throw refusal;
    alarms.push(at);
  };
  const clock = createObjectClock({
    storage: { setAlarm: set, deleteAlarm: () => set(undefined) },
    timers: { setTimer: hands.setTimer, now: () => hands.now },
    idleMs: () => 5_000,
    mayRest,
    knowsAll,
    onRest: () => said.push("rest"),
    onWake: () => said.push("wake"),
    report: (error) => said.push(String(error)),
  });
  const refuse = (error: Error | undefined) => {
    refusal = error;
  };
  return { clock, hands, alarms, said, refuse };
}

describe("the clock of an object", () => {
  test("has timers while something happens, and then an alarm for the first of them, and none", async () => {
    const { clock, hands, alarms, said } = start();
    clock.touch();
    const fired: string[] = [];
    clock.setTimer(() => fired.push("late"), 60_000);
    clock.setTimer(() => fired.push("soon"), 4_000);
    clock.setTimer(() => fired.push("never"), Number.POSITIVE_INFINITY);
    await hands.pass(8_000);
    // A timer that has fired is something that happens.
    expect([fired, said]).toEqual([["soon"], ["wake"]]);
    await hands.pass(2_000);
    expect([alarms, said, hands.count]).toEqual([[60_000], ["wake", "rest"], 0]);
  });

  test("goes on where it was when something happens, and when its alarm goes off", async () => {
    const { clock, hands, alarms } = start();
    const fired: number[] = [];
    clock.touch();
    clock.setTimer(() => fired.push(hands.now), 28_000);
    await hands.pass(10_000);
    clock.touch();
    await hands.pass(3_000);
    expect(hands.count).toBeGreaterThan(0);
    await hands.pass(17_500);
    expect(fired).toEqual([28_000]);
    await hands.pass(20_000);
    expect([alarms, hands.count]).toEqual([[28_000, undefined], 0]);
    clock.setTimer(() => fired.push(hands.now), 10_000);
    await clock.alarm();
    await hands.pass(10_000);
    expect(fired).toEqual([28_000, 60_500]);
    // Before anything was done: this life may end early.
    expect(alarms[2]).toBe(110_500);
  });

  test("does not rest while somebody is waited for, or when it would not be let go before something is due", async () => {
    let mayRest = false;
    const { clock, hands, alarms } = start({ mayRest: () => mayRest });
    clock.touch();
    await hands.pass(60_000);
    expect(alarms).toEqual([]);
    mayRest = true;
    const cancel = clock.setTimer(() => {}, 18_000);
    await hands.pass(17_000);
    expect(alarms).toEqual([]);
    cancel();
    await hands.pass(10_000);
    expect(alarms).toEqual([undefined]);
  });

  test("leaves the alarm that is set where it does not know all that is due", async () => {
    const { clock, hands, alarms, said } = start({ knowsAll: () => false });
    await clock.alarm();
    await hands.pass(10_000);
    expect([alarms, said]).toEqual([[60_000], ["wake", "rest"]]);
  });

  test("stays awake when no alarm can be set", async () => {
    const { clock, hands, alarms, refuse } = start();
    const fired: number[] = [];
    clock.touch();
    clock.setTimer(() => fired.push(hands.now), 40_000);
    refuse(new Error("no"));
    await hands.pass(41_000);
    expect(fired).toEqual([40_000]);
    refuse(undefined);
    await hands.pass(10_000);
    expect(alarms).toEqual([undefined]);
  });

  test("does what an alarm is for, although no other can be set behind it, and sets one later", async () => {
    const { clock, hands, alarms, said, refuse } = start();
    const fired: number[] = [];
    clock.setTimer(() => fired.push(hands.now), 1_000);
    refuse(new Error("no"));
    await clock.alarm();
    await hands.pass(1_000);
    expect([fired, said, alarms]).toEqual([[1_000], ["Error: no", "wake"], []]);
    refuse(undefined);
    clock.setTimer(() => {}, 59_000);
    await hands.pass(10_000);
    expect(alarms).toEqual([60_000]);
  });

  test("sets an alarm when it can again, where the one that went off found nothing that could be opened", async () => {
    const { clock, hands, alarms, refuse } = start({ knowsAll: () => false });
    refuse(new Error("no"));
    await clock.alarm();
    await hands.pass(4_000);
    refuse(undefined);
    await hands.pass(10_000);
    expect([alarms, hands.count]).toEqual([[65_000], 0]);
  });

  test("wakes nobody by what is only noted while it rests", async () => {
    const { clock, hands, said } = start();
    clock.setTimer(() => said.push("fired"), 1_000);
    await hands.pass(10_000);
    expect([said, hands.count]).toEqual([[], 0]);
    clock.touch();
    await hands.pass(100);
    expect(said).toEqual(["wake", "fired"]);
  });
});
