// What is told to people who do not see the page change. Invariants: at most one sentence in so many milliseconds, which says
// all that has come together since the last one; what was asked for is told at once.

export interface LiveRegion {
  /** Something has changed that `compose` tells of, when it is its turn. */
  changed(): void;
  end(): void;
}

/** `compose` gives what there is to say by then, and forgets it; "" is nothing. */
export function createLiveRegion(tell: (text: string) => void, compose: () => string, everyMs: number): LiveRegion {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isDue = false;
  const speak = () => {
    isDue = false;
    const text = compose();
    if (text !== "") tell(text);
    timer = setTimeout(() => {
      timer = undefined;
      if (isDue) speak();
    }, everyMs);
  };
  return {
    changed() {
      isDue = true;
      // What belongs together mostly comes within a moment.
      timer ??= setTimeout(speak, Math.min(everyMs, 250));
    },
    end() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
