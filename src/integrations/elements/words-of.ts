// What was thrown, for a reader.

/** An error's message; of anything else that was thrown, its text. */
export const wordsOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
