// Time, as three types that do not mix: the compiler refuses one where another is meant. Arithmetic gives plain numbers,
// which fit any of them.

/** Epoch milliseconds: the wall clock, which may be set. What is due is due at one of these. */
export type Instant = number & { readonly clock?: "wall" };
/** Milliseconds that something lasts. */
export type Span = number & { readonly clock?: "none" };
/** Milliseconds on a clock that is never set and never goes back: only differences mean anything. */
export type Reading = number & { readonly clock?: "monotonic" };
