// What fits into so many bytes.

/** How many of these, from the front, have at most so many bytes together: one at least, where there is one. */
export function countWithin<T>(items: readonly T[], bytesMax: number, bytesOf: (item: T) => number): number {
  let bytes = 0;
  const tooMany = items.findIndex((item, i) => {
    bytes += bytesOf(item);
    return i > 0 && bytes > bytesMax;
  });
  return tooMany < 0 ? items.length : tooMany;
}
