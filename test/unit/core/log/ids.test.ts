import { expect, test } from "vitest";
import { encodeId, idOf, seqOf, termOf } from "../../../../src/core/log/ids.js";
import { createState } from "../../../../src/core/state/state.js";

const [FIRST, SECOND] = ["1111111111111111", "2222222222222222"];
const stateOf = () => {
  const state = createState();
  state.terms.push({ firstSeq: 1, term: FIRST }, { firstSeq: 50, term: SECOND });
  state.nextSeq = 100;
  return state;
};

test("an id names the term of its message and its number", () => {
  const state = stateOf();
  expect([idOf(state, 49), idOf(state, 50)]).toEqual([`${FIRST}-1d`, `${SECOND}-1e`]);
  expect([49, 50, 99].map((seq) => seqOf(state, idOf(state, seq)))).toEqual([49, 50, 99]);
});

test("the last of two terms that accepted nothing in between counts", () => {
  const terms = [
    { firstSeq: 1, term: FIRST },
    { firstSeq: 1, term: SECOND },
  ];
  expect(termOf(terms, 1)).toBe(SECOND);
});

test.each([
  ["another database's term", encodeId(SECOND, 7)],
  ["a number not given yet", encodeId(SECOND, 100)],
  ["no number", `${FIRST}-`],
  ["a number written otherwise", `${FIRST}-01`],
  ["a negative number", `${"0".repeat(16)}--5`],
  ["zero", encodeId("0".repeat(16), 0)],
  ["a number beyond all", `${SECOND}-zzzzzzzzzzzzzzzz`],
  ["nothing", ""],
])("an id with %s is nobody's", (_, id) => {
  expect(seqOf(stateOf(), id)).toBeUndefined();
});
