// What a bridge takes from its surroundings, handed in so that tests can stand in for them.

export interface Runtime {
  /** Calls once after about `ms`; returns what cancels it. */
  setTimer(callback: () => void, ms: number): () => void;
  /** In [0, 1). */
  random(): number;
  /** Epoch milliseconds. */
  now(): number;
}

export const runtime: Runtime = {
  setTimer(callback, ms) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
  now: Date.now,
};
