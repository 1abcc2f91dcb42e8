// Reading a list of messages page by page while it changes.
// Invariants: each message is shown once at most, also when the one to go on after has gone meanwhile; what was there
// when the reading began and stays is shown; it ends, however much comes in behind it.

/**
 * The pages from the first on. `count`: how many there are at the start; those that come later stand behind them.
 * A page may be shorter than asked for, since answers are bounded in bytes: only an empty one is the last.
 */
export async function* pagesOf<View extends { readonly id: string }>(
  count: () => Promise<number>,
  read: (after: string | undefined) => Promise<readonly View[]>,
): AsyncGenerator<View[], void, undefined> {
  const seen = new Set<string>();
  const most = await count();
  let after: string | undefined;
  while (seen.size < most) {
    const page = await read(after);
    after = page.at(-1)?.id;
    if (after === undefined) return;
    const unseen = page.filter(({ id }) => !seen.has(id));
    for (const { id } of unseen) seen.add(id);
    if (unseen.length > 0) yield unseen;
  }
}
