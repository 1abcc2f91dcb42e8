// How often a host is asked again: the longer its answers take, the longer it is left alone, so that being looked at costs it a
// twentieth of its time at most, whatever it holds, and however many views of an inspector ask.

const SHARE = 1 / 20;

export interface Rest {
  /** Runs it, and notes how long it took. */
  measured<Answer>(ask: () => Promise<Answer>): Promise<Answer>;
  /** Ms from now on until it may be asked again; 0 and less: it may. */
  left(): number;
  /** It may be asked now: the reader has done something, and looks what became of it. */
  end(): void;
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
        until = Math.max(until, ended) + (ended - began) * (1 / SHARE - 1);
      }
    },
    left: () => until - now(),
    end() {
      until = Number.NEGATIVE_INFINITY;
    },
  };
}
