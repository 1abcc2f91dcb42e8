// What a case is. A case does its work once a round and says how long that took; everything it prepares and
// removes again is outside of the measured time.

export type Durability = "relaxed" | "strict";
export type Group = "limit" | "peer" | "originmq";

/** Microseconds a message, or latencies in milliseconds. Lower is better in both. */
export type Measured = { readonly us: number } | { readonly p50: number; readonly p99: number };

export interface Case {
  readonly id: string;
  readonly group: Group;
  readonly label: string;
  /** Missing where nothing is stored. */
  readonly durability?: Durability;
  /** What the second page does meanwhile. */
  readonly helper?: "consume" | "echo";
  measure(): Promise<Measured>;
}

/** Runs the work and returns microseconds for each of `messages`. */
export async function timed(messages: number, work: () => Promise<void>): Promise<{ us: number }> {
  const start = performance.now();
  await work();
  return { us: ((performance.now() - start) * 1_000) / messages };
}

/** Calls `work` for each item, with so many under way at once, in order of the items. */
export async function inFlight<T>(
  limit: number,
  items: Iterable<T>,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = (function* () {
    yield* items;
  })();
  const worker = async () => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
}

/** The middle one, and the one that 99 of 100 do not exceed. */
export function percentiles(samples: readonly number[]): { p50: number; p99: number } {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] as number;
  return { p50: at(0.5), p99: at(0.99) };
}
