// What the inspector shows, read again and again while somebody can see it.
// Invariants: one reading at a time, and a rest behind it; what was read is told at a frame; nothing is asked while the page is hidden or after the end.

import type { Inspection } from "../../index.js";
import { onFrame } from "../frameworks/frames.js";
import { createReading } from "../frameworks/reading.js";
import type { Rest } from "./rest.js";

/** Time between an answer and the next question, at least. */
const EVERY_MS = 1_000;

export interface Watching {
  /** Reads now: something was done. */
  ask(): void;
  end(): void;
}

export function watchInspections(
  inspect: () => Promise<Inspection>,
  tell: (inspection: Inspection) => void,
  fail: (reason: unknown) => void,
  rest: Rest,
): Watching {
  const isOver = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const plan = (leastMs = EVERY_MS) => {
    clearTimeout(timer);
    if (isOver.signal.aborted || document.hidden) return;
    const whenRested = () => (rest.left() > 0 ? plan(0) : reading.ask());
    timer = setTimeout(whenRested, Math.max(leastMs, rest.left()));
  };
  const reading = createReading(
    () => rest.measured(inspect),
    (inspection) => {
      onFrame(() => !isOver.signal.aborted && tell(inspection));
      plan();
    },
    (reason) => {
      fail(reason);
      plan();
    },
  );
  const onVisibility = () => (document.hidden ? clearTimeout(timer) : reading.ask());
  document.addEventListener("visibilitychange", onVisibility, { signal: isOver.signal });
  onVisibility();
  return {
    ask: reading.ask,
    end() {
      isOver.abort();
      clearTimeout(timer);
      reading.end();
    },
  };
}
