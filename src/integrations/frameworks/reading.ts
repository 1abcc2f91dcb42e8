// Lists that are read anew when something has changed.
// Invariant: one reading at a time, and another one after it if something changed meanwhile: the last always shows the end.

/** Returns what asks for a reading, and what ends them. `tell` gets what was read, `fail` why it could not be. */
export function createReading<Result>(
  read: () => Promise<Result>,
  tell: (result: Result) => void,
  fail: (reason: unknown) => void,
): { ask(): void; end(): void } {
  let isReading = false;
  let isStale = false;
  let isOver = false;
  const run = async () => {
    isReading = true;
    while (isStale && !isOver) {
      isStale = false;
      try {
        const result = await read();
        if (!isOver) tell(result);
      } catch (error) {
        if (!isOver) fail(error);
      }
    }
    isReading = false;
  };
  return {
    ask() {
      isStale = true;
      if (!isReading) void run();
    },
    end() {
      isOver = true;
    },
  };
}
