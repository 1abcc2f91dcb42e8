// Networks that lie, stall or answer for somebody else, with a real server, in each engine that is installed.

import type { IncomingMessage, ServerResponse } from "node:http";
import { describeIn, expect, orderByGroup, test, untilSent } from "./lab.js";
import { leadToLogin } from "./site.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** One failure would hold its request up for longer than a test lasts. */
const NEVER_AGAIN = { backoff: { baseMs: HOUR_MS, maxMs: HOUR_MS }, unreachableMaxMs: HOUR_MS };

describeIn(["Chromium", "Firefox", "WebKitGTK"], (engine) => {
  test("a browser that says for ever that it is offline is not believed", async ({ openTab, site }) => {
    const tab = await openTab();
    await tab.evaluate(() => {
      Object.defineProperty(navigator, "onLine", { get: () => false });
      return outboxLab.open({ mode: "queue-first" });
    });
    await tab.evaluate(async () => {
      for (let n = 0; n < 5; n++) await outboxLab.post(`/api/group-0?n=${n}`);
    });
    await untilSent(tab);
    expect(orderByGroup(site.notes.arrivals)).toEqual({ "group-0": [0, 1, 2, 3, 4] });
  });

  test("a write that is led to a login page waits until the server takes it", async ({ openTab, site }) => {
    const logIn = leadToLogin(site);
    const tab = await openTab();
    await tab.evaluate(() => outboxLab.open());
    expect(await tab.evaluate(() => outboxLab.post("/api/saves"))).toBe(202);
    await expect
      .poll(() => tab.evaluate(async () => (await outboxLab.outbox.waiting())[0]?.lastFailure))
      .toBe(`HTTP 200 OK, from ${site.origin}/api/login`);
    logIn();
    await untilSent(tab);
    expect(site.notes.arrivals).toMatchObject([{ path: "/api/saves", inEffect: true }]);
    expect(await tab.evaluate(() => outboxLab.dead())).toEqual([]);
  });

  test("Retry-After of a month, of 0, of the past or of another clock: from the own backoff to an hour", async ({
    openTab,
    site,
  }) => {
    const dates = (nowMs: number, afterMs: number) => ({
      date: new Date(nowMs).toUTCString(),
      "retry-after": new Date(nowMs + afterMs).toUTCString(),
    });
    const headers: Record<string, Record<string, string>> = {
      month: { "retry-after": "2592000" },
      zero: { "retry-after": "0" },
      past: dates(Date.now(), -DAY_MS),
      skewed: dates(Date.now() + 2 * DAY_MS, 60_000),
      slow: dates(Date.now() - 2 * DAY_MS, 60_000),
    };
    site.take = ({ url = "" }, response) => {
      const found = headers[url.replace("/api/", "")];
      if (found !== undefined) response.writeHead(503, found).end();
      return found !== undefined;
    };
    const tab = await openTab();
    const waits = await tab.evaluate(
      async (names) => {
        const { random } = Math;
        const waits: Record<string, boolean> = {};
        for (const [name, ms] of Object.entries(names)) {
          // Each has an outbox of its own, which knows nothing of what the others were told.
          // In the middle of each span; what else there is needs chance.
          Math.random = () => 0.5;
          const opening = outboxLab.open({ name, replay: false, backoff: { baseMs: 10_000 } });
          Math.random = random;
          await opening;
          const before = Date.now();
          const status = await outboxLab.post(`/api/${name}`);
          const dueAt = (await outboxLab.outbox.waiting())[0]?.dueAt ?? 0;
          waits[name] = status === 202 && dueAt >= before + ms && dueAt <= Date.now() + ms;
          await outboxLab.outbox.close();
        }
        return waits;
      },
      { month: HOUR_MS + 5_000, zero: 5_000, past: 5_000, skewed: 65_000, slow: 65_000 },
    );
    expect(waits).toEqual({ month: true, zero: true, past: true, skewed: true, slow: true });
  });

  test("stored requests with keepalive are all sent, none refused by the browser", async ({ openTab, site }) => {
    const tab = await openTab();
    await tab.evaluate((never) => outboxLab.open({ mode: "queue-first", ...never }), NEVER_AGAIN);
    await tab.evaluate(async () => {
      const body = "x".repeat(40_000);
      const post = (n: number) =>
        outboxLab.outbox.fetch(new Request(`/api/n/${n}`, { method: "POST", body, keepalive: true }));
      await Promise.all(Array.from({ length: 16 }, (_, n) => post(n)));
    });
    await untilSent(tab);
    expect(site.notes.arrivals).toHaveLength(16);
  });

  test("an upload that goes on is not begun again, though it takes longer than the answer may", async ({
    openTab,
    site,
  }) => {
    let begun = 0;
    site.take = (request, response) => {
      if (request.url !== "/api/upload") return false;
      begun++;
      takeSlowly(request, response);
      return true;
    };
    const tab = await openTab();
    await tab.evaluate(() => outboxLab.open({ mode: "queue-first", timeoutMs: 500, minUploadBytesPerS: 100_000 }));
    await tab.evaluate(async () => {
      await outboxLab.outbox.fetch(new Request("/api/upload", { method: "POST", body: new Uint8Array(3_000_000) }));
    });
    await untilSent(tab, 60_000);
    expect(begun).toBe(1);
  });

  test("a small request does not pass large ones of its group, whose bodies nobody reads for it", async ({
    openTab,
    site,
  }) => {
    const tab = await openTab();
    await tab.evaluate(() => outboxLab.open({ replay: false }));
    const count = engine === "Chromium" ? 20 : 4;
    const statuses = await tab.evaluate(async (count) => {
      const body = new Uint8Array(9_000_000);
      for (let n = 0; n < count; n++) {
        await outboxLab.outbox.fetch(new Request("/api/g", { method: "POST", body }), { mode: "queue-first" });
      }
      return [await outboxLab.post("/api/g"), await outboxLab.post("/api/other")];
    }, count);
    expect(statuses).toEqual([202, 201]);
    expect(site.notes.arrivals.map(({ path }) => path)).toEqual(["/api/other"]);
  });

  test("after a log-out nothing of the former user is sent: attempts in every tab are aborted", async ({
    openTab,
    site,
  }) => {
    site.notes.behave("hang");
    const first = await openTab();
    const second = await openTab();
    await first.evaluate(() => outboxLab.open());
    await second.evaluate(() => outboxLab.open({ concurrency: 1 }));
    // One has a first attempt under way, the other repeats what is stored; more waits behind it.
    await second.evaluate(() => {
      const asked = outboxLab.post("/api/first").then(
        () => "answered",
        (error: Error) => error.name,
      );
      Object.assign(globalThis, { asked });
    });
    await first.evaluate(async () => {
      for (let n = 0; n < 6; n++) {
        const request = new Request(`/api/group-${n}`, { method: "POST", body: "x" });
        await outboxLab.outbox.fetch(request, { mode: "queue-first" });
      }
    });
    await expect.poll(() => site.notes.arrivals.length).toBe(6);
    await first.evaluate(() => outboxLab.outbox.clear());
    const asked = () => second.evaluate(() => (globalThis as unknown as { asked: Promise<string> }).asked);
    expect(await asked()).toBe("AbortError");
    site.notes.behave("none");
    site.notes.arrivals.length = 0;
    for (const tab of [first, second]) {
      expect(await tab.evaluate(() => outboxLab.waiting())).toBe(0);
      expect(await tab.evaluate((path) => outboxLab.post(path), "/api/next")).toBe(201);
    }
    expect(site.notes.arrivals.map(({ path }) => path)).toEqual(["/api/next", "/api/next"]);
  });

  test("cancel, clear with a filter and purge take what they name, under way or not, and nothing else", async ({
    openTab,
    site,
  }) => {
    site.notes.behave("hang");
    const tab = await openTab();
    await tab.evaluate((never) => outboxLab.open({ mode: "queue-first", ...never }), NEVER_AGAIN);
    await tab.evaluate(async () => {
      for (const path of ["/api/a?n=1", "/api/a?n=2", "/api/b?n=1", "/api/b?n=2"])
        await outboxLab.post(path, "text", { metadata: path });
    });
    await expect.poll(() => site.notes.arrivals.length).toBe(2);
    const waiting = () =>
      tab.evaluate(async () => (await outboxLab.outbox.waiting()).map(({ state, metadata }) => `${metadata} ${state}`));
    expect(await waiting()).toEqual([
      "/api/a?n=1 leased",
      "/api/a?n=2 blocked",
      "/api/b?n=1 leased",
      "/api/b?n=2 blocked",
    ]);
    site.notes.behave("422");
    const taken = await tab.evaluate(async () => {
      const { outbox } = outboxLab;
      const [first] = await outbox.waiting();
      const filter = ({ metadata }: { readonly metadata: unknown }) => String(metadata).startsWith("/api/b");
      return [await outbox.cancel(first?.id ?? ""), await outbox.clear({ filter })];
    });
    expect(taken).toEqual([true, { cleared: 2 }]);
    await expect
      .poll(() => tab.evaluate(async () => (await outboxLab.dead()).map(({ url }) => new URL(url).search)))
      .toEqual(["?n=2"]);
    expect(await tab.evaluate(() => outboxLab.outbox.dead.purge())).toEqual({ purged: 1 });
    expect(await tab.evaluate(async () => [await outboxLab.waiting(), await outboxLab.dead()])).toEqual([0, []]);
    const paths = site.notes.arrivals.map(({ path }) => path);
    expect([paths.slice(0, 2).sort(), paths.slice(2)]).toEqual([["/api/a?n=1", "/api/b?n=1"], ["/api/a?n=2"]]);
  });

  test("one idempotency key is stored once while its request waits, and is free once that was cleared", async ({
    openTab,
    site,
  }) => {
    site.notes.behave("reset");
    const tab = await openTab();
    await tab.evaluate(() => outboxLab.open({ replay: false }));
    const ids = await tab.evaluate(async () => {
      const post = async () => {
        const response = await outboxLab.outbox.fetch("/api/a", {
          method: "POST",
          body: "x",
          idempotencyKey: "the key",
        });
        return response.headers.get("originmq-message-id");
      };
      const stored = [await post(), await post()];
      await outboxLab.outbox.clear();
      return [...stored, await post(), await post()];
    });
    expect([ids[0] === ids[1], ids[1] === ids[2], ids[2] === ids[3]]).toEqual([true, false, true]);
    expect(await tab.evaluate(() => outboxLab.waiting())).toBe(1);
    site.notes.behave("none");
    await tab.evaluate(() => outboxLab.outbox.replay());
    expect(site.notes.arrivals.filter(({ inEffect }) => inEffect)).toMatchObject([{ path: "/api/a", outcome: 201 }]);
    expect(new Set(site.notes.arrivals.map(({ headers }) => headers["idempotency-key"]))).toEqual(
      new Set(['"the key"']),
    );
  });

  test("aborts are those of fetch: at once behind another of the group, and of the body after the headers", async ({
    openTab,
    site,
  }) => {
    let isClosed = false;
    site.take = ({ url }, response) => {
      if (url !== "/api/endless") return false;
      response.writeHead(200).write("x".repeat(100));
      response.on("close", () => {
        isClosed = true;
      });
      return true;
    };
    site.notes.behave("hang");
    const tab = await openTab();
    await tab.evaluate(() => outboxLab.open());
    const names = await tab.evaluate(async () => {
      const ending = new AbortController();
      const nameOf = (read: Promise<unknown>) =>
        read.then(
          () => "none",
          (error: Error) => error.name,
        );
      const fetching = (path: string) =>
        outboxLab.outbox.fetch(path, { method: "POST", body: "x", signal: ending.signal });
      const endless = await fetching("/api/endless");
      const reading = nameOf(endless.text());
      outboxLab.post("/api/hung").catch(() => {});
      const behind = nameOf(fetching("/api/hung"));
      ending.abort();
      return [await reading, await behind, await outboxLab.waiting()];
    });
    expect(names).toEqual(["AbortError", "AbortError", 0]);
    await expect.poll(() => isClosed).toBe(true);
    await expect.poll(() => site.notes.arrivals.map(({ path }) => path)).toEqual(["/api/hung"]);
  });

  test("metadata that is a framework's state arrives as plain data, and what cannot be copied is refused before anything is sent", async ({
    openTab,
    site,
  }) => {
    site.notes.behave("500");
    const tab = await openTab();
    await tab.evaluate(() => outboxLab.open({ replay: false }));
    const refused = await tab.evaluate(async () => {
      const metadata = new Proxy({ title: "one", tags: new Proxy(["a"], {}) }, {});
      await outboxLab.post("/api/a", "text", { metadata });
      return outboxLab.post("/api/b", "text", { metadata: { list: [1, () => {}] } }).then(
        () => "sent",
        ({ code, message }) => [code, message],
      );
    });
    expect(refused).toEqual(["not-cloneable", expect.stringContaining("metadata.list[1]")]);
    const metadata = { title: "one", tags: ["a"] };
    expect(await tab.evaluate(() => outboxLab.events)).toEqual([{ type: "queued", metadata }]);
    expect(await tab.evaluate(async () => (await outboxLab.outbox.waiting()).map(({ metadata }) => metadata))).toEqual([
      metadata,
    ]);
    expect(site.notes.arrivals.map(({ path }) => path)).toEqual(["/api/a"]);
  });
});

/** Steadily, and slowly: 64 KiB in 30 ms, 3 MB in 1.4 s. */
function takeSlowly(request: IncomingMessage, response: ServerResponse): void {
  request.on("data", () => {
    request.pause();
    setTimeout(() => request.resume(), 30);
  });
  request.on("end", () => response.writeHead(201).end());
}
