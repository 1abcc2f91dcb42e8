// Sliders whose steps feel even: from nothing over 1 to their maximum, each step by the same factor.

/** 0 stays 0; 1 to 100 run from 1 to `max`. */
export const fromSlider = (position: number, max: number): number =>
  position <= 0 ? 0 : niceRound(max ** ((position - 1) / 99));

/** Two significant digits. */
function niceRound(n: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(n)) - 1);
  return Math.round(n / unit) * unit;
}

export const RATE_MAX = 5_000;
export const HANDLER_MS_MAX = 5_000;
