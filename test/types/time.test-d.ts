// Instants, spans and readings of the monotonic clock do not mix.

import { expectTypeOf, test } from "vitest";
import type { Instant, Reading, Span } from "../../src/core/spec/time.js";
import type { Agenda } from "../../src/core/state/agenda.js";
import type { Platform } from "../../src/host/engine/platform.js";

test("one kind of time is not taken for another", () => {
  expectTypeOf<Instant>().not.toExtend<Span>();
  expectTypeOf<Span>().not.toExtend<Instant>();
  expectTypeOf<Reading>().not.toExtend<Instant>();
  expectTypeOf<Instant>().not.toExtend<Reading>();
});

test("what is computed fits any of them", () => {
  expectTypeOf<number>().toExtend<Instant>();
  expectTypeOf<number>().toExtend<Span>();
});

test("the agenda is asked with the wall clock, not with the one that measures spans", () => {
  const ask = (agenda: Agenda<string>, platform: Platform) => {
    agenda.due(platform.now(), () => 0);
    // @ts-expect-error a reading of the monotonic clock is no instant
    agenda.due(platform.monotonic(), () => 0);
  };
  expectTypeOf(ask).toBeFunction();
});
