// Queueing theory: what Poisson arrivals and exponential service times would give. Pure formulas, without overflow.
// a = λ/μ is the offered load in erlangs, c the number of servers, K the capacity including those in service.

/**
 * Probability that all c servers are busy when a lost call is not queued (M/M/c/c).
 * B(0) = 1, B(n) = a·B(n − 1) / (n + a·B(n − 1)).
 * A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic telephone
 * exchanges", 1917; the recursion as in R. B. Cooper, Introduction to Queueing Theory, 2nd ed. 1981, chapter 3.
 */
export function erlangB(c: number, a: number): number {
  let b = 1;
  for (let n = 1; n <= c; n++) b = (a * b) / (n + a * b);
  return b;
}

/**
 * Probability that an arrival has to wait (M/M/c), from Erlang B: C = c·B / (c − a·(1 − B)). 1 when a ≥ c, where the
 * queue grows without end. Erlang 1917; L. Kleinrock, Queueing Systems, volume 1, 1975, section 3.5.
 */
export function erlangC(c: number, a: number): number {
  if (a >= c) return 1;
  const b = erlangB(c, a);
  return (c * b) / (c - a * (1 - b));
}

/** What a model says of a queue in its steady state. */
export interface Prediction {
  /** Mean time between ready and handed out, in ms, over all that are accepted. */
  readonly waitMs: number;
  /** Probability that a message that is accepted finds all handlers busy. */
  readonly waitProbability: number;
  /** Probability that a message finds no room. 0 where the model has room without end. */
  readonly blockingProbability: number;
}

export interface Load {
  /** λ: arrivals per second. */
  readonly arrivalRate: number;
  /** μ: what one server completes per second while it is busy. */
  readonly serviceRate: number;
  /** c. */
  readonly servers: number;
}

/** M/M/c: Wq = C / (cμ − λ); `null` when ρ ≥ 1, where there is no steady state. Kleinrock 1975, section 3.5. */
export function predictUnbounded({ arrivalRate, serviceRate, servers }: Load): Prediction | null {
  const spare = servers * serviceRate - arrivalRate;
  if (!(spare > 0)) return null;
  const waitProbability = erlangC(servers, arrivalRate / serviceRate);
  return { waitMs: (1_000 * waitProbability) / spare, waitProbability, blockingProbability: 0 };
}

/**
 * M/M/c/K: pₙ ∝ aⁿ/n! for n < c and aⁿ/(c!·cⁿ⁻ᶜ) for c ≤ n ≤ K; blocking is p_K, Wq = Lq / (λ(1 − p_K)).
 * D. Gross and C. M. Harris, Fundamentals of Queueing Theory, 3rd ed. 1998, section 2.5.
 *
 * The states up to c weigh 1 in all, of which Erlang's B is state c; those above are a geometric series of ρ. Where
 * ρ > 1 it is summed from the other end, so that every term is at most 1 and nothing overflows.
 */
export function predictBounded({ arrivalRate, serviceRate, servers }: Load, capacity: number): Prediction {
  const c = Math.min(servers, capacity);
  const places = capacity - c;
  const b = erlangB(c, arrivalRate / serviceRate);
  const rho = arrivalRate / (c * serviceRate);
  // Where ρ > 1, every weight is divided by ρ^places: sums then run from the full end down.
  const isRising = rho > 1;
  const ratio = isRising ? 1 / rho : rho;
  const { sum, moment } = geometricSums(ratio, places);
  const upToServers = isRising ? ratio ** places : 1;
  const inPlaces = b * (isRising ? sum : rho * sum);
  const total = upToServers + inPlaces;
  const full = (b * (isRising ? 1 : rho ** places)) / total;
  const queued = (b * (isRising ? places * sum - moment : rho * (moment + sum))) / total;
  const busy = (b * upToServers + inPlaces) / total;
  return {
    waitMs: queued === 0 ? 0 : (1_000 * queued) / (arrivalRate * (1 - full)),
    waitProbability: Math.max(0, busy - full) / (1 - full),
    blockingProbability: full,
  };
}

/** Σ rⁱ and Σ i·rⁱ for i < n, by doubling: O(log n) steps, all terms positive, so that nothing cancels as r nears 1. */
function geometricSums(r: number, n: number): { readonly sum: number; readonly moment: number } {
  let sum = 0;
  let moment = 0;
  let power = 1;
  let count = 0;
  for (const bit of n.toString(2)) {
    moment += power * (moment + count * sum);
    sum += power * sum;
    power *= power;
    count *= 2;
    if (bit === "0") continue;
    sum += power;
    moment += count * power;
    power *= r;
    count++;
  }
  return { sum, moment };
}

/** Time until nothing is ready, in ms, if all goes on as it does: ready / (cμ − λ). `null` when it never is. */
export function drainTimeMs(ready: number, { arrivalRate, serviceRate, servers }: Load): number | null {
  if (ready === 0) return 0;
  const spare = servers * serviceRate - arrivalRate;
  return spare > 0 ? (1_000 * ready) / spare : null;
}
