// Networks that lie, stall or answer for somebody else, and log-outs, in Chromium with a real server.

import { expect, openPage, orderByGroup, test, untilSent } from "./lab.js";
import { leadToLogin } from "./site.js";

test("a browser that says for ever that it is offline is not believed", async ({ context, site }) => {
  await context.addInitScript(() => Object.defineProperty(navigator, "onLine", { get: () => false }));
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.open({ mode: "queue-first" }));
  await page.evaluate(async () => {
    for (let n = 0; n < 5; n++) await outboxLab.post(`/api/group-0?n=${n}`);
  });
  await untilSent(page);
  expect(orderByGroup(site.notes.arrivals)).toEqual({ "group-0": [0, 1, 2, 3, 4] });
});

test("a write that is led to a login page waits until the server takes it", async ({ context, site }) => {
  const logIn = leadToLogin(site);
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.open());
  expect(await page.evaluate(() => outboxLab.post("/api/saves"))).toBe(202);
  await expect
    .poll(() => page.evaluate(async () => (await outboxLab.outbox.waiting())[0]?.lastFailure))
    .toBe(`HTTP 200 OK, from ${site.origin}/api/login`);
  logIn();
  await untilSent(page);
  expect(site.notes.arrivals).toMatchObject([{ path: "/api/saves", inEffect: true }]);
  expect(await page.evaluate(() => outboxLab.dead())).toEqual([]);
});

test("Retry-After of a month stores the request, due within the hour", async ({ context, site }) => {
  site.notes.behave("429", 2_592_000);
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.open());
  const answers = await page.evaluate(async () => [await outboxLab.post("/api/a"), await outboxLab.post("/api/b")]);
  expect(answers).toEqual([202, 202]);
  const inMs = await page.evaluate(async () =>
    (await outboxLab.outbox.waiting()).map(({ dueAt }) => (dueAt ?? 0) - Date.now()),
  );
  for (const ms of inMs) expect(ms).toBeLessThanOrEqual(3_600_000 + 2 * 2_000);
});

test("stored requests with keepalive are all sent, none refused by the browser", async ({ context, site }) => {
  const page = await openPage(context, site);
  // One failure would hold its request up for longer than this test lasts.
  const hour = { baseMs: 3_600_000, maxMs: 3_600_000 };
  await page.evaluate((backoff) => outboxLab.open({ mode: "queue-first", backoff, unreachableMaxMs: 3_600_000 }), hour);
  await page.evaluate(async () => {
    const body = "x".repeat(40_000);
    const post = (n: number) =>
      outboxLab.outbox.fetch(new Request(`/api/n/${n}`, { method: "POST", body, keepalive: true }));
    await Promise.all(Array.from({ length: 16 }, (_, n) => post(n)));
  });
  await untilSent(page);
  expect(site.notes.arrivals).toHaveLength(16);
});

test("an upload that goes on is not begun again, though it takes longer than the answer may", async ({
  context,
  site,
}) => {
  let begun = 0;
  site.take = (request, response) => {
    if (request.url !== "/api/upload") return false;
    begun++;
    // Steadily, and slowly: at 8 MiB in 4 s, what the system keeps of it aside.
    request.on("data", () => {
      request.pause();
      setTimeout(() => request.resume(), 30);
    });
    request.on("end", () => response.writeHead(201).end());
    return true;
  };
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.open({ mode: "queue-first", timeoutMs: 1_000, minUploadBytesPerS: 100_000 }));
  await page.evaluate(() =>
    outboxLab.outbox.fetch(new Request("/api/upload", { method: "POST", body: new Uint8Array(9_000_000) })),
  );
  await untilSent(page, 60_000);
  expect(begun).toBe(1);
});

test("a small request does not pass large ones of its group, whose bodies nobody reads for it", async ({
  context,
  site,
}) => {
  const page = await openPage(context, site);
  await page.evaluate(() => outboxLab.open({ replay: false }));
  const statuses = await page.evaluate(async () => {
    const body = new Uint8Array(9_000_000);
    for (let n = 0; n < 20; n++) {
      await outboxLab.outbox.fetch(new Request("/api/g", { method: "POST", body }), { mode: "queue-first" });
    }
    return [await outboxLab.post("/api/g"), await outboxLab.post("/api/other")];
  });
  expect(statuses).toEqual([202, 201]);
  expect(site.notes.arrivals.map(({ path }) => path)).toEqual(["/api/other"]);
});

test("after a log-out nothing of the former user is sent: attempts in every tab are aborted", async ({
  context,
  site,
}) => {
  site.notes.behave("hang");
  const first = await openPage(context, site);
  const second = await openPage(context, site);
  await first.evaluate(() => outboxLab.open());
  await second.evaluate(() => outboxLab.open({ concurrency: 1 }));
  // One has a first attempt under way, the other repeats what is stored; more waits behind it.
  const asked = second.evaluate(() =>
    outboxLab.post("/api/first").then(
      () => "answered",
      (error: Error) => error.name,
    ),
  );
  await first.evaluate(async () => {
    for (let n = 0; n < 6; n++) {
      await outboxLab.outbox.fetch(new Request(`/api/group-${n}`, { method: "POST", body: "x" }), {
        mode: "queue-first",
      });
    }
  });
  await expect.poll(() => site.notes.arrivals.length).toBe(6);
  await first.evaluate(() => outboxLab.outbox.clear());
  expect(await asked).toBe("AbortError");
  site.notes.behave("none");
  site.notes.arrivals.length = 0;
  for (const page of [first, second]) {
    expect(await page.evaluate(() => outboxLab.waiting())).toBe(0);
    expect(await page.evaluate((path) => outboxLab.post(path), "/api/next")).toBe(201);
  }
  expect(site.notes.arrivals.map(({ path }) => path)).toEqual(["/api/next", "/api/next"]);
});
