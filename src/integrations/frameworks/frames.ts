// When components are told: at most once a frame, however many changes there were.
// Invariant: what is due is told, also where no frame comes: in hidden pages, in workers and in Node.

/** A page that is hidden, or behind another one, draws no frames. */
const FRAME_MS_MAX = 100;
/** Where nothing draws. */
const FRAME_MS = 16;

const due = new Set<() => void>();
let isAwaited = false;

/** Calls at the next frame, once, with all else that is due then. */
export function onFrame(tell: () => void): void {
  due.add(tell);
  if (isAwaited) return;
  isAwaited = true;
  whenDrawn(flush);
}

function flush(): void {
  isAwaited = false;
  const telling = [...due];
  due.clear();
  for (const tell of telling) {
    try {
      tell();
    } catch (error) {
      // One component's failure is not to keep the others from being told.
      setTimeout(() => {
        throw error;
      });
    }
  }
}

function whenDrawn(callback: () => void): void {
  const { requestAnimationFrame, cancelAnimationFrame } = globalThis;
  if (requestAnimationFrame === undefined) {
    setTimeout(callback, FRAME_MS);
    return;
  }
  const frame = requestAnimationFrame(() => {
    clearTimeout(timer);
    callback();
  });
  const timer = setTimeout(() => {
    cancelAnimationFrame(frame);
    callback();
  }, FRAME_MS_MAX);
}
