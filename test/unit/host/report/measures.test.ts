import { expect, test, vi } from "vitest";
import { createState } from "../../../../src/core/state/state.js";
import { createMeasures } from "../../../../src/host/report/measures.js";

test("asking for the load of queues that there are not leaves nothing behind", () => {
  const set = vi.spyOn(Map.prototype, "set");
  try {
    const state = createState();
    const measures = createMeasures(() => state, Date.now);
    const kept = () => set.mock.calls.filter(([key]) => String(key).startsWith("nobody's-")).length;
    for (let i = 0; i < 100; i++) expect(measures.load(`nobody's-${i}`, 0)).toMatchObject({ handlers: 0 });
    expect(kept()).toBe(0);
    measures.committed([{ type: "accepted", queue: "nobody's-1", seq: 1, bodySeq: 1, count: 1, priority: 4 }]);
    expect(kept()).toBe(1);
  } finally {
    set.mockRestore();
  }
});
