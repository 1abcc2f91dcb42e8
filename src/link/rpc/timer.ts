/** Calls once after about `ms`; returns what cancels it. Pages throttle timers: never on the path of a message. */
export function setTimer(callback: () => void, ms: number): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
