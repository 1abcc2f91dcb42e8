// What `npm run fuzz` has kept: hostile input that once reached a part of the code that no other did, or was a fault.

import { expect, test } from "vitest";
import { readCorpus, replay, targetNames } from "../../fuzz/guided/run.mjs";

/** Each takes a few milliseconds; a machine that is busy with other tests may take a second. */
const PATIENCE_MS = 15_000;

const targets = await targetNames();

test.each(targets)(
  "%s takes all of its corpus: no crash, no hang, no prototype changed, no text run",
  async (target) => {
    const corpus = readCorpus(target);
    expect(corpus.length).toBeGreaterThan(0);
    const { inputs, faults } = await replay(target, corpus, PATIENCE_MS);
    expect(faults.map(({ text }) => text)).toEqual([]);
    expect(inputs).toBe(corpus.length);
  },
  60_000,
);

test.each([
  ["throw", "TypeError"],
  ["pollute", "Object.prototype has a polluted"],
  ["run", "text was run as code"],
  ["reject", "nobody heard this"],
  ["hang", "more than a second"],
  ["grow", "more than a second|the thread has ended"],
])(
  "what would %s is found",
  async (deed, found) => {
    const { faults } = await replay("planted", [new TextEncoder().encode(deed)]);
    expect(faults.map(({ text }) => text).join()).toMatch(new RegExp(found));
  },
  60_000,
);
