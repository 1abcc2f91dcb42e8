// Something of everything to look at: queues that are worked off, that wait, and that failed; a topic, schedules, a photo.

import type { Connection } from "../../src/index.js";
import { samplePhoto } from "../field-notes/sample-photo.js";

const CITIES = ["Porto", "Tallinn", "Lagos", "Kyoto", "Lima", "Oslo"];
const orderOf = (n: number) => ({
  order: 1_000 + n,
  lines: [
    { sku: "tea-04", quantity: 1 + (n % 4) },
    { sku: "cup-11", quantity: 2 },
  ],
  to: { city: CITIES[n % CITIES.length], express: n % 5 === 0 },
});
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Resolves once all of it is there; what is worked off goes on as long as the page is open. */
export async function makeExample(connection: Connection): Promise<void> {
  const [orders, mail, photos, imports] = await Promise.all([
    connection.openQueue("orders", { maxMessages: 2_000, maxInFlight: 16 }),
    connection.openQueue("mail", {
      maxDeliveries: 2,
      backoff: { type: "fixed", baseMs: 10, maxMs: 10, jitter: "none" },
    }),
    connection.openQueue("photos", { maxBytes: 50_000_000 }),
    connection.openQueue("imports", { onGroupFailure: "block" }),
  ]);
  const news = await connection.openTopic("news");
  await news.subscription("archive");
  await news.subscription("alerts", { filter: { region: ["eu", "uk"], kind: { prefix: "alert" } } });

  await orders.sendBatch(
    upTo(240).map((n) => ({
      body: orderOf(n),
      priority: n % 7 === 0 ? 8 : 4,
      headers: { region: n % 2 ? "eu" : "us" },
    })),
  );
  await orders.sendBatch(upTo(18).map((n) => ({ body: orderOf(500 + n), delayMs: 600_000 + n * 60_000 })));
  await photos.send({ note: "From the field", takenAt: new Date("2026-05-04T10:20:00Z"), photo: await samplePhoto() });
  await imports.sendBatch(upTo(24).map((n) => ({ body: { row: n }, groupId: `file-${n % 4}` })));
  await news.publishBatch(
    upTo(12).map((n) => ({
      body: { headline: `News ${n}` },
      headers: { region: n % 3 ? "eu" : "us", kind: n % 2 ? "alert-high" : "note" },
    })),
  );
  await mail.schedules.upsert("digest", { cron: "0 7 * * 1-5", timeZone: "Europe/Berlin" }, { digest: true });
  await orders.schedules.upsert("heartbeat", { everyMs: 60_000 }, { heartbeat: true });

  await mail.sendBatch(
    upTo(9).map((n) => ({
      body: { to: `reader-${n}@example.org`, subject: "Your order" },
      headers: { campaign: "autumn" },
    })),
  );
  const postman = mail.consume(({ body }) => {
    throw new Error(`The mailbox of ${(body as { to: string }).to} does not take it`);
  });
  while ((await mail.stats()).dead < 9) await new Promise((resolve) => setTimeout(resolve, 50));
  await postman.stop();

  const work = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  orders.consume(() => work(60 + 240 * Math.random()), { concurrency: 4 });
  imports.consume(() => work(30_000), { concurrency: 2 });
  let sent = 240;
  setInterval(() => void orders.send(orderOf(sent++)).catch(() => {}), 110);
}
