// A message's id is the random 64 bits of the host's term it was accepted in, plus its number: a database that
// lost its tail re-uses numbers, but never names a new message like an old one.

import { encodeId } from "./encode-id.js";
import type { Seq } from "./journal.js";

export { encodeId };

/** Messages from `firstSeq` on were accepted in a term whose random part is `term`. */
export interface Term {
  readonly firstSeq: Seq;
  readonly term: string;
}

/** What was numbered so far. */
interface Numbered {
  readonly terms: readonly Term[];
  readonly nextSeq: Seq;
}

/** Hexadecimal digits of a term's random part. */
const TERM_LENGTH = 16;

/** The term in which a message was accepted. */
export function termOf(terms: readonly Term[], seq: Seq): string {
  for (let i = terms.length - 1; i >= 0; i--) {
    const { firstSeq, term } = terms[i] as Term;
    if (seq >= firstSeq) return term;
  }
  return "0".repeat(TERM_LENGTH);
}

export const idOf = ({ terms }: Pick<Numbered, "terms">, seq: Seq): string => encodeId(termOf(terms, seq), seq);

/** The number behind an id, if this database gave that id. */
export function seqOf(state: Numbered, id: string): Seq | undefined {
  const seq = Number.parseInt(id.slice(TERM_LENGTH + 1), 36);
  return seq > 0 && seq < state.nextSeq && idOf(state, seq) === id ? seq : undefined;
}
