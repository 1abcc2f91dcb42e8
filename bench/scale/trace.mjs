// The longest task of the SharedWorker in a trace of Chromium. A task is what its thread does between two looks at its
// queue, microtasks and garbage collection included: for so long nobody else is answered.

/**
 * @typedef {{ name: string, ph: string, pid: number, tid: number, ts: number, dur?: number, tdur?: number, args?: { name?: string } }} TraceEvent
 * @typedef {{ ms: number, processorMs: number }} Task by the clock, and the part for which the thread had a processor
 */

/**
 * How often scripts were called, of pages and of the SharedWorker, and the processor time of that: whatever wakes a script,
 * a timer, a message, a lock, is a call.
 * @param {string} trace as JSON
 */
export function scriptsIn(trace) {
  /** @type {{ traceEvents: TraceEvent[] }} */
  const { traceEvents } = JSON.parse(trace);
  /** @param {string} thread */
  const of = (thread) => {
    const threads = traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === thread);
    if (threads.length === 0) throw new Error(`the trace has no ${thread}`);
    const calls = threads.flatMap(({ pid, tid }) => {
      const own = traceEvents.filter(
        (event) => event.name === "FunctionCall" && event.pid === pid && event.tid === tid,
      );
      own.sort((a, b) => a.ts - b.ts);
      let end = 0;
      // One that is called within another is no call from outside.
      return own.filter(({ ts, dur = 0 }) => {
        if (ts < end) return false;
        end = ts + dur;
        return true;
      });
    });
    return { calls: calls.length, processorMs: calls.reduce((sum, { tdur = 0 }) => sum + tdur / 1_000, 0) };
  };
  return { pages: of("CrRendererMain"), worker: of("SharedWorker thread") };
}

/** @param {string} trace as JSON @param {number} tookMs what was traced, through all of which the host was busy @returns {Task} */
export function longestTaskOf(trace, tookMs) {
  /** @type {{ traceEvents: TraceEvent[] }} */
  const { traceEvents } = JSON.parse(trace);
  const [thread, ...others] = traceEvents.filter(
    ({ name, args }) => name === "thread_name" && args?.name === "SharedWorker thread",
  );
  if (!thread || others.length > 0) throw new Error(`${others.length + (thread ? 1 : 0)} SharedWorkers in the trace`);
  const tasks = traceEvents.filter(
    ({ name, ph, pid, tid }) =>
      name === "ThreadControllerImpl::RunTask" && ph === "X" && pid === thread.pid && tid === thread.tid,
  );
  const starts = tasks.map(({ ts }) => ts).sort((a, b) => a - b);
  const spanMs = ((starts.at(-1) ?? 0) - (starts[0] ?? 0)) / 1_000;
  // The browser drops in silence what its buffer cannot hold.
  if (spanMs < 0.9 * tookMs) throw new Error(`the trace has ${spanMs.toFixed(0)} of ${tookMs.toFixed(0)} ms`);
  const longest = tasks.sort((a, b) => (b.dur ?? 0) - (a.dur ?? 0))[0];
  if (longest?.dur === undefined) throw new Error("the trace has no task of the SharedWorker");
  return { ms: longest.dur / 1_000, processorMs: (longest.tdur ?? 0) / 1_000 };
}
