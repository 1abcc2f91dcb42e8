// Reading a list of messages page by page while it changes.
// Invariants: each message is shown once at most, also when the one to go on after has gone meanwhile; what was there
// when the reading began and stays is shown; it ends, however much comes in behind it.

import type { MessagePage, MessageView, Page } from "../../link/rpc/views.js";

export interface ListRange {
  readonly max: number;
  readonly after?: string | undefined;
}

/** Messages in a page, unless it is said. */
export const PAGE_DEFAULT = 100;

/** An older host answers with all of them at once. */
export const pageOf = <View>(answer: Page<View> | readonly View[]): Page<View> =>
  "isCut" in answer ? answer : { messages: answer, isCut: false };

/** The first `max` after the one named, in as many answers as the host needs for them. */
export async function listed<Body>(
  { max, after }: ListRange,
  read: (range: ListRange) => Promise<MessagePage | readonly MessageView[]>,
  open?: (view: MessageView) => Promise<MessageView>,
): Promise<MessageView<Body>[]> {
  const all: MessageView[] = [];
  for (let last = after; ; last = all.at(-1)?.id) {
    const answer = await read({ max: max - all.length, ...(last && { after: last }) });
    const { messages, isCut } = pageOf(answer);
    // Nor does it say what was handed out before: the attempt under way, of what is leased, does not count.
    for (const message of messages) {
      const before = message.attempts - Number(message.state === "leased");
      all.push({ ...message, redelivered: message.redelivered ?? before > 0 });
    }
    if (!isCut || messages.length === 0) return (open ? await Promise.all(all.map(open)) : all) as MessageView<Body>[];
  }
}

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

export interface SnapshotParts {
  readonly max: number;
  begin(): Promise<{ readonly count: number }>;
  read(range: { readonly from: number; readonly max: number }): Promise<MessagePage>;
  end(): void;
  open?: ((view: MessageView) => Promise<MessageView>) | undefined;
}

/** The pages of one moment, which its host keeps until they are read, or whoever reads them gives up. */
export async function* snapshotPages<Body>({
  max,
  begin,
  read,
  end,
  open,
}: SnapshotParts): AsyncGenerator<MessageView<Body>[], void, undefined> {
  const { count } = await begin();
  try {
    for (let from = 0; from < count; ) {
      const { messages } = await read({ from, max });
      from += messages.length;
      yield (open ? await Promise.all(messages.map(open)) : messages) as MessageView<Body>[];
    }
  } finally {
    end();
  }
}
