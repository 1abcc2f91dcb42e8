// "3 of 21 sent": of all that waited since nothing last did. Pure. Invariant: what is cancelled, or given up, leaves the whole;
// it never stands among what was sent.

export interface Progress {
  readonly sent: number;
  readonly count: number;
}

/** Called with the totals of the outbox as they change; answers with nothing before anything has waited. */
export function createProgress(): (acked: number, waiting: number) => Progress | undefined {
  /** What was sent before the run began: there, or when nothing waited last. */
  let before: number | undefined;
  let last: Progress | undefined;
  return (acked, waiting) => {
    // The outbox was deleted, or is another one.
    if (before === undefined || acked < before) before = acked;
    const sent = acked - before;
    if (waiting > 0) last = { sent, count: sent + waiting };
    else {
      if (sent > 0) last = { sent, count: sent };
      else if (last && last.sent < last.count) last = undefined;
      before = acked;
    }
    return last;
  };
}
