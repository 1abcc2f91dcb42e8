// A token bucket: `limit` at once, then one every `intervalMs / limit`. It is kept as the time at which it is full again:
// each token taken puts that off by the time in which one comes back (the generic cell rate algorithm, ITU-T I.371, which
// decides the same as the bucket).

export interface Rate {
  readonly limit: number;
  readonly intervalMs: number;
}

/** Epoch milliseconds at which all tokens are there; a time that is past stands for a full bucket. */
export type FullAt = number;

/** In which one token comes back. */
export const tokenMs = ({ limit, intervalMs }: Rate): number => intervalMs / limit;

/** Whole tokens that are there now. `tolerance`: the part of a token that may be missing from one. */
export const tokensAt = (fullAt: FullAt, rate: Rate, now: number, tolerance = 0): number =>
  Math.max(0, Math.floor((rate.intervalMs - Math.max(0, fullAt - now)) / tokenMs(rate) + tolerance));

/** The first whole millisecond at which there is a token; past when there is one already. */
export const tokenAt = (fullAt: FullAt, rate: Rate, tolerance = 0): number =>
  Math.ceil(fullAt - rate.intervalMs + tokenMs(rate) * (1 - tolerance));

/** After `count` tokens were taken, be they there or owed. */
export const spent = (fullAt: FullAt, rate: Rate, count: number, now: number): FullAt =>
  Math.max(fullAt, now) + count * tokenMs(rate);
