// What takes its time in a browser that was just started.

let isWarm = false;

/**
 * Has the browser get ready what a worker will need that is yet to start: the first use of IndexedDB since the browser's start
 * takes as long as all else together.
 */
export async function warmUp(): Promise<void> {
  if (isWarm) return;
  isWarm = true;
  try {
    await indexedDB.databases?.();
  } catch {
    // The worker says what is wrong.
  }
}
