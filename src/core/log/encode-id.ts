// A message's id: see ids.ts.

import type { Seq } from "./journal.js";

export const encodeId = (term: string, seq: Seq): string => `${term}-${seq.toString(36)}`;
