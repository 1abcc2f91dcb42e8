// How often a host is asked again: the longer an answer takes, the longer it is left alone, so that being looked at costs it a
// twentieth of its time at most, whatever it holds.

const SHARE = 1 / 20;

export interface Rest {
  /** Runs it, and notes how long it took. */
  measured<Answer>(ask: () => Promise<Answer>): Promise<Answer>;
  /** Ms from now on until it may be asked again; 0 and less: it may. */
  left(): number;
}

export function createRest(now: () => number = () => performance.now()): Rest {
  let until = Number.NEGATIVE_INFINITY;
  return {
    async measured(ask) {
      const began = now();
      try {
        return await ask();
      } finally {
        const ended = now();
        until = ended + (ended - began) * (1 / SHARE - 1);
      }
    },
    left: () => until - now(),
  };
}
