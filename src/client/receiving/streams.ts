// A queue as Web Streams. Invariant: nothing is held that was not asked for: what a stream has not read goes back
// uncounted, what it has not written was not accepted.

/**
 * Reads as its reader asks: the stream itself holds nothing, so that what is unread is with the source. `giveBack` gets
 * what came for a reader that has cancelled meanwhile.
 */
export function readableFrom<T>(
  source: AsyncIterableIterator<T>,
  giveBack: (value: T) => Promise<void>,
): ReadableStream<T> {
  let isCancelled = false;
  let pulling: Promise<void> | undefined;
  const pull = async (controller: ReadableStreamDefaultController<T>) => {
    const { done, value } = await source.next();
    if (isCancelled) return done ? undefined : giveBack(value);
    if (done) controller.close();
    else controller.enqueue(value);
  };
  return new ReadableStream<T>(
    {
      pull(controller) {
        pulling = pull(controller);
        return pulling;
      },
      async cancel() {
        isCancelled = true;
        await source.return?.();
        await pulling?.catch(() => {});
      },
    },
    { highWaterMark: 0 },
  );
}

/** Sends each chunk; a write is over when fewer than `inFlight` sends are not durable yet, closing when all are. */
export function writableTo<T>(send: (chunk: T) => Promise<unknown>, inFlight: number): WritableStream<T> {
  const open = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | undefined;
  const settled = async (most: number) => {
    while (open.size > most && !failed) await Promise.race(open);
    if (failed) throw failed.error;
  };
  return new WritableStream<T>(
    {
      async write(chunk, controller) {
        const sending: Promise<void> = send(chunk).then(
          () => void open.delete(sending),
          (error: unknown) => {
            open.delete(sending);
            failed ??= { error };
            controller.error(failed.error);
          },
        );
        open.add(sending);
        await settled(inFlight - 1);
      },
      close: () => settled(0),
    },
    { highWaterMark: inFlight },
  );
}
