// What is asked for again and again, made once.

/** Remembers the last `max` that were asked for. */
export function createMemo<Value>(max: number, make: (key: string) => Value): (key: string) => Value {
  const made = new Map<string, Value>();
  return (key) => {
    const known = made.get(key) ?? make(key);
    // The one asked for longest ago goes first.
    made.delete(key);
    made.set(key, known);
    for (const [oldest] of made) {
      if (made.size <= max) break;
      made.delete(oldest);
    }
    return known;
  };
}
