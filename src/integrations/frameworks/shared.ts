// One thing for many: begun for its first holder, ended after its last.
// Invariant: it runs at most once at a time, whoever comes and goes.

/**
 * Returns what holds it, which returns what lets go. It ends `keepAliveMs` after the last holder has let go, unless another
 * one comes: a component that is mounted twice, or whose route is left for another one that uses the same, begins nothing anew.
 */
export function shareAmongHolders(begin: () => () => void, keepAliveMs: number): () => () => void {
  let holders = 0;
  let end: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    end?.();
    end = undefined;
  };
  return () => {
    holders++;
    clearTimeout(timer);
    end ??= begin();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      if (--holders > 0) return;
      if (keepAliveMs === 0) stop();
      else if (keepAliveMs !== Number.POSITIVE_INFINITY) timer = setTimeout(stop, keepAliveMs);
    };
  };
}
