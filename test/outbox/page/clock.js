// Goes before every script of the site: a clock that the tests can move, in each context alike. `Date.now` and timers
// follow it; what comes due by a move fires.
{
  const realNow = Date.now.bind(Date);
  const realSetTimeout = globalThis.setTimeout.bind(globalThis);
  const realClearTimeout = globalThis.clearTimeout.bind(globalThis);
  /** @type {Map<number, { dueAt: number, run: () => void, real?: ReturnType<typeof realSetTimeout> }>} */
  const timers = new Map();
  let movedMs = 0;
  Date.now = () => realNow() + movedMs;
  const arm = (/** @type {number} */ id) => {
    const timer = timers.get(id);
    if (timer === undefined) return;
    const wait = Math.max(0, timer.dueAt - Date.now());
    timer.real = realSetTimeout(() => {
      if (!timers.delete(id)) return;
      timer.run();
    }, wait);
  };
  const setTimer = (/** @type {(...args: unknown[]) => void} */ run, ms = 0, /** @type {unknown[]} */ ...args) => {
    const id = realSetTimeout(() => {}, 0);
    timers.set(Number(id), { dueAt: Date.now() + (Number(ms) || 0), run: () => run(...args) });
    arm(Number(id));
    return id;
  };
  globalThis.setTimeout = /** @type {typeof setTimeout} */ (setTimer);
  globalThis.clearTimeout = (id) => {
    const timer = timers.get(Number(id));
    if (timer === undefined) return realClearTimeout(id);
    realClearTimeout(timer.real);
    timers.delete(Number(id));
  };
  const channel = new BroadcastChannel("test-clock");
  const move = (/** @type {number} */ ms) => {
    movedMs += ms;
    for (const [id, timer] of timers) {
      realClearTimeout(timer.real);
      arm(id);
    }
  };
  channel.onmessage = ({ data }) => move(data);
  globalThis.moveClock = (/** @type {number} */ ms) => {
    channel.postMessage(ms);
    move(ms);
  };
}
