// Two hosts on one database: the thread of the one stands still before a write, its lock is stolen, the next host works
// and truncates the journal; then the first goes on from where it stood, and must change nothing.

import type { Page } from "@playwright/test";
import { bodiesOf, expect, ofType, sendUntilAtGate, test, untilIdle } from "./lab.js";

const RECORDS = 30;

/** How far the journal is truncated. */
const truncatedTo = (page: Page) =>
  page.evaluate(async () => {
    const settled = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const db = await settled(indexedDB.open("lab"));
    const pointer = await settled(db.transaction("meta").objectStore("meta").get("checkpoint"));
    db.close();
    return (pointer?.uptoLsn as number | undefined) ?? 0;
  });

for (const { what, gate, skip } of [
  { what: "before a commit", gate: "commit:begin", skip: 20 },
  { what: "in a checkpoint, between its chunks and its flip", gate: "checkpoint-flip:begin", skip: 0 },
  { what: "in a rewrite of batches, once it has read them", gate: "rewrite", skip: 0 },
]) {
  test(`a host that stood still ${what} while another truncated the journal changes nothing`, async ({
    tabs,
    site,
  }) => {
    const { history } = tabs;
    const zombie = await tabs.open({ name: "zombie" });
    await zombie.evaluate((gated) => lab.open({ gated }), { gate, skip, records: RECORDS });
    const next = await tabs.open({ name: "next" });
    await next.evaluate(() => {
      const steps: string[] = [];
      new BroadcastChannel("gated").onmessage = ({ data }) => steps.push(data);
      Object.assign(globalThis, { steps });
    });
    const steps = () => next.evaluate(() => (globalThis as unknown as { steps: string[] }).steps);
    // A batch each, of which many small ones are worth joining. Towards the end one at a time: a thread that stops in the
    // middle of a commit keeps everybody else out of the database, which is not what this is about.
    await sendUntilAtGate(zombie, site, 2 * RECORDS, (sent) => (sent < RECORDS / 2 ? 20 : 250));
    await zombie.evaluate(() => lab.startProducing({ everyMs: 1 }));
    const before = await zombie.evaluate(() => lab.host()?.epoch ?? 0);

    await next.evaluate((gated) => lab.open({ gated }), { records: RECORDS });
    await next.evaluate(() => lab.startProducing({ everyMs: 1 }));
    expect(await next.evaluate(() => lab.host()?.epoch ?? 0)).toBeGreaterThan(before);
    const stoodAt = await truncatedTo(next);
    await expect.poll(() => truncatedTo(next), { timeout: 20_000 }).toBeGreaterThan(stoodAt + 3 * RECORDS);
    site.openGate();
    await expect.poll(steps, "the zombie goes on").not.toEqual([]);

    // Its client, whose page never stood still, has found the next host and goes on there.
    const sentBy = (tab: string) =>
      ofType(history, "sent").filter((event) => event.tab === tab && event.epoch > before);
    for (const tab of ["zombie", "next"]) {
      const { length } = sentBy(tab);
      await expect.poll(() => sentBy(tab).length, { timeout: 20_000 }).toBeGreaterThan(length + 20);
    }
    for (const page of [zombie, next]) await page.evaluate(() => lab.stopProducing());
    const done = await steps();
    expect(done, "it tried to write").toContain(`${gate.split(":")[0]}:request`);
    expect(
      done.filter((step) => step.endsWith(":complete")),
      "and could not",
    ).toEqual([]);

    await next.evaluate(() => lab.startConsuming());
    await untilIdle(next, 30_000);
    const delivered = bodiesOf(history, "delivered");
    for (const tab of ["zombie", "next"]) {
      const own = (bodies: readonly string[]) => bodies.filter((body) => body.startsWith(tab));
      expect(own(delivered), "lost, doubled or re-ordered").toEqual(own(bodiesOf(history, "sending")));
    }
    expect(ofType(history, "refused")).toEqual([]);
    const { accepted, acked } = await next.evaluate(async () => (await lab.queue.stats()).totals);
    expect([accepted, acked]).toEqual([delivered.length, delivered.length]);
  });
}
