import { expect, test } from "vitest";
import type { Lease, OpenHandOut } from "../../../../src/core/state/lease.js";
import { createLeaseEnds } from "../../../../src/core/state/lease-ends.js";

const grantOf = (id: string, ...untils: number[]): OpenHandOut => {
  const leases = new Map(untils.map((until, seq) => [seq, { seq, until } as Lease] as const));
  return { id, client: "a", queue: "orders", mode: "consume", until: Math.max(...untils), leases };
};

test("grants are taken once their time has come, each once", () => {
  const ends = createLeaseEnds();
  const [early, late] = [grantOf("early", 10, 20, 20), grantOf("late", 30)];
  ends.addAll(early);
  ends.addAll(late);
  expect([ends.size, ends.next]).toEqual([3, 10]);
  expect(ends.takeEnded(9)).toEqual([]);
  expect(ends.takeEnded(25)).toEqual([early]);
  expect(ends.next).toBe(30);
});

test("a grant whose leases are settled is not taken", () => {
  const ends = createLeaseEnds();
  const grant = grantOf("g", 10);
  ends.addAll(grant);
  grant.leases.clear();
  expect(ends.takeEnded(10)).toEqual([]);
  expect(ends.next).toBe(Number.POSITIVE_INFINITY);
});

test("the ends of settled leases are not kept, however long the leases were", () => {
  const ends = createLeaseEnds();
  for (let i = 0; i < 20_000; i++) {
    const grant = grantOf(`g${i}`, 86_400_000 + i);
    ends.add(grant, 86_400_000 + i);
    grant.leases.clear();
  }
  expect(ends.size).toBeLessThan(2_000);
});

test("sweeping keeps an entry for every lease that is held", () => {
  const ends = createLeaseEnds();
  const held = Array.from({ length: 3_000 }, (_, i) => grantOf(`g${i}`, 100 + i));
  for (const grant of held) ends.add(grant, 50);
  for (const grant of held) ends.add(grant, grant.until);
  // Those that are void may be taken or swept; those of leases that end are all there.
  const taken = new Set(ends.takeEnded(1_099));
  expect(held.slice(0, 1_000).filter((grant) => !taken.has(grant))).toEqual([]);
  expect(ends.takeEnded(99_999)).toEqual(held.slice(1_000));
});
