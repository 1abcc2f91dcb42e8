import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Receipt } from "../../../src/index.js";
import { complaintsOf, openTab, readRecipes, type Tab } from "./recipes.js";

const recipes = readRecipes();

/** What each recipe takes from its page. */
const OUTSIDE: Readonly<Record<string, string>> = {
  "Submit a form offline": "declare const form: HTMLFormElement; declare function show(text: string): void;",
  "Upload images in the background": `
    declare function upload(file: File, album: string, signal: AbortSignal): Promise<void>;
    declare function showBadge(waiting: number, failed: number): void;`,
  "Do something in one tab only": "declare function synchronise(signal: AbortSignal): Promise<void>;",
  "Chat between tabs": "declare function show(text: string): void;",
  "Debounce saves": "",
  "Clean up every night": "declare function cleanUp(days: number, signal: AbortSignal): Promise<void>;",
  "Fan out login events": `
    declare function warmCache(user: string): Promise<void>;
    declare function audit(user: string, what: string | undefined, at: number): Promise<void>;`,
  "Look after poison messages": "declare function warn(text: string): void;",
  "Show the progress of a long job": `
    declare function render(page: number, signal: AbortSignal): Promise<void>;
    declare function showProgress(part: number): void;`,
  "Back up before logout": "",
};

test("the cookbook has ten recipes, and every one is tried below", () => {
  expect([...recipes.keys()]).toEqual(Object.keys(OUTSIDE));
  expect(recipes.size).toBe(10);
});

test("recipes are short", () => {
  for (const [title, code] of recipes) expect(code.trim().split("\n").length, title).toBeLessThanOrEqual(18);
});

test("every recipe compiles against the public types", { timeout: 60_000 }, () => {
  const modules = [...recipes].map(([title, code]) => [title, { code, declarations: OUTSIDE[title] ?? "" }] as const);
  expect(complaintsOf(new Map(modules))).toEqual([]);
});

describe("a recipe keeps what it says", () => {
  const tried = new Set<string>();
  let tabs: Tab[] = [];
  let database = "";
  beforeEach(() => {
    database = `cookbook-${crypto.randomUUID()}`;
  });
  afterEach(async () => {
    await Promise.all(tabs.map(({ connection }) => connection.close({ force: true })));
    tabs = [];
  });
  const newTab = async () => {
    const tab = await openTab(database);
    tabs.push(tab);
    return tab;
  };
  const recipe = (title: string, run: (code: string) => Promise<void>) => {
    tried.add(title);
    test(title, () => run(recipes.get(title) ?? expect.fail(`the cookbook has no recipe "${title}"`)));
  };
  const eventually = (look: () => unknown) => expect.poll(look);

  recipe("Submit a form offline", async (code) => {
    const tab = await newTab();
    const form = new EventTarget();
    const page = new EventTarget();
    const shown: string[] = [];
    const posted: { data: FormData; key: string | null }[] = [];
    let isOnline = false;
    const photo = new File(["light"], "photo.jpg");
    class FormDataOfPage extends FormData {
      constructor(of?: EventTarget) {
        super();
        if (of !== form) return;
        this.append("name", "Ada");
        this.append("photo", photo);
      }
    }
    await tab.run(code, {
      form,
      show: (text: string) => shown.push(text),
      addEventListener: page.addEventListener.bind(page),
      FormData: FormDataOfPage,
      async fetch(url: string, { body, headers }: { body: FormData; headers: HeadersInit }) {
        if (!isOnline) throw new TypeError("Failed to fetch");
        posted.push({ data: body, key: new Headers(headers).get("idempotency-key") });
        return new Response(url);
      },
    });
    page.dispatchEvent(new Event("offline"));
    const submit = new Event("submit", { cancelable: true });
    form.dispatchEvent(submit);
    expect(submit.defaultPrevented).toBe(true);
    await eventually(() => shown).toEqual(["Saved. It is sent as soon as you are online."]);
    const contact = await tab.connection.openQueue("contact");
    expect(await contact.peek()).toMatchObject([{ state: "ready", attempts: 0 }]);

    isOnline = true;
    page.dispatchEvent(new Event("online"));
    await eventually(() => posted.length).toBe(1);
    expect(posted[0]?.data.get("name")).toBe("Ada");
    const sent = posted[0]?.data.get("photo");
    expect(sent instanceof Blob && (await sent.text())).toBe("light");
    expect(posted[0]?.key).toMatch(/.-\d+$/);
    await contact.whenIdle();
    expect(await contact.stats()).toMatchObject({ ready: 0, delayed: 0, totals: { acked: 1 } });
  });

  recipe("Upload images in the background", async (code) => {
    let running = 0;
    let mostAtOnce = 0;
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const uploaded: string[] = [];
    const badges: number[][] = [];
    const outside = {
      async upload(file: File, album: string) {
        mostAtOnce = Math.max(mostAtOnce, ++running);
        await gate;
        running--;
        // Node clones a File as a Blob, without its name.
        uploaded.push(`${album}: ${await file.text()}`);
      },
      showBadge: (...numbers: number[]) => badges.push(numbers),
    };
    await Promise.all([newTab(), newTab(), newTab()]);
    const exported = await Promise.all(tabs.map((tab) => tab.run(code, outside)));
    const [add] = exported.map((module) => module.add as unknown as (files: File[], album: string) => Promise<unknown>);
    const files = Array.from({ length: 12 }, (_, i) => new File([`pixels ${i}`], `${i}.png`));
    await add?.(files, "summer");
    await eventually(() => badges.at(-1)).toEqual([12, 0]);
    expect(mostAtOnce).toBe(4);
    open();
    await eventually(() => uploaded.length).toBe(12);
    expect(new Set(uploaded)).toEqual(new Set(files.map((_, i) => `summer: pixels ${i}`)));
    expect(mostAtOnce).toBe(4);
    await eventually(() => badges.at(-1)).toEqual([0, 0]);
  });

  recipe("Do something in one tab only", async (code) => {
    let running = 0;
    let mostAtOnce = 0;
    let runs = 0;
    const synchronise = async () => {
      mostAtOnce = Math.max(mostAtOnce, ++running);
      await new Promise((resolve) => setTimeout(resolve, 30));
      running--;
      runs++;
    };
    const all = await Promise.all([newTab(), newTab(), newTab()]);
    const exported = await Promise.all(all.map((tab) => tab.run(code, { synchronise })));
    const ask = exported.map(({ askForSync }) => askForSync as unknown as () => Promise<Receipt>);
    const receipts = await Promise.all(ask.map((askForSync) => askForSync()));
    expect(receipts.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    await eventually(() => runs).toBe(1);
    const syncs = await (all[0] as Tab).connection.openQueue<null>("sync");
    await Promise.all([syncs.send(null), syncs.send(null), syncs.send(null)]);
    await eventually(() => runs).toBe(4);
    expect(mostAtOnce).toBe(1);
  });

  recipe("Chat between tabs", async (code) => {
    interface Chat {
      say(text: string): Promise<unknown>;
      leave(): Promise<unknown>;
    }
    const joinAs = async (name: string) => {
      const tab = await newTab();
      const heard: string[] = [];
      const { join } = await tab.run(code, { show: (text: string) => heard.push(text) });
      const chat = await (join as unknown as (name: string) => Promise<Chat>)(name);
      return { tab, heard, chat };
    };
    const ada = await joinAs("Ada");
    const bob = await joinAs("Bob");
    await ada.chat.say("hello");
    await bob.chat.say("hi");
    for (const { heard } of [ada, bob]) await eventually(() => heard).toEqual(["Ada: hello", "Bob: hi"]);

    await bob.tab.connection.close();
    await ada.chat.say("are you there?");
    const again = await joinAs("Bob");
    await eventually(() => again.heard).toEqual(["Ada: are you there?"]);
    await again.chat.leave();
    expect(await ada.chat.say("bye")).toEqual({ subscriptions: 1 });
  });

  recipe("Debounce saves", async (code) => {
    const tab = await newTab();
    const saved: string[] = [];
    const { save } = await tab.run(code, {
      async fetch(url: string, { body }: { body: string }) {
        saved.push(`${url} ${body}`);
        return new Response();
      },
    });
    const write = save as unknown as (id: string, text: string) => Promise<Receipt>;
    for (const text of ["D", "De", "Dea", "Dear"]) await write("letter", text);
    await write("list", "tea");
    await eventually(() => saved.length).toBe(2);
    expect(new Set(saved)).toEqual(new Set(["/documents/letter Dear", "/documents/list tea"]));
    await write("letter", "Dear Ada");
    await eventually(() => saved.at(-1)).toBe("/documents/letter Dear Ada");
    expect(saved).toHaveLength(3);
  });

  recipe("Clean up every night", async (code) => {
    const asked: number[] = [];
    const outside = { cleanUp: async (days: number) => asked.push(days) };
    const tonight = new Date().setUTCHours(27, 0, 0, 0);
    const zone = { Intl: { DateTimeFormat: () => ({ resolvedOptions: () => ({ timeZone: "UTC" }) }) } };
    const all = await Promise.all([newTab(), newTab()]);
    for (const tab of all) await tab.run(code, { ...outside, ...zone });
    const queue = await (all[0] as Tab).connection.openQueue<{ olderThanDays: number }>("clean-up");
    const [schedule, ...others] = await queue.schedules.list();
    expect(others).toEqual([]);
    expect(schedule).toMatchObject({ id: "nightly", cron: "0 3 * * *", timeZone: "UTC", catchUp: "one" });
    expect([tonight, tonight - 86_400_000]).toContain(schedule?.nextAt);

    // As the schedule does each night, only sooner.
    await queue.schedules.upsert("nightly", { everyMs: 200 }, { olderThanDays: 30 });
    await eventually(() => asked.length).toBeGreaterThan(0);
    await queue.schedules.remove("nightly");
    await queue.whenIdle();
    const { totals } = await queue.stats();
    expect(asked).toEqual(Array.from({ length: totals.accepted }, () => 30));
  });

  recipe("Fan out login events", async (code) => {
    const tab = await newTab();
    const warmed: string[] = [];
    const audited: string[] = [];
    const { announce } = await tab.run(code, {
      warmCache: async (user: string) => warmed.push(user),
      async audit(user: string, what: string, at: number) {
        expect(Math.abs(Date.now() - at)).toBeLessThan(60_000);
        audited.push(`${user} ${what}`);
      },
    });
    const tell = announce as unknown as (type: string, user: string) => Promise<unknown>;
    expect(await tell("login", "Ada")).toEqual({ subscriptions: 2 });
    expect(await tell("logout", "Ada")).toEqual({ subscriptions: 1 });
    await eventually(() => audited).toEqual(["Ada login", "Ada logout"]);
    await eventually(() => warmed).toEqual(["Ada"]);
  });

  recipe("Look after poison messages", async (code) => {
    const tab = await newTab();
    const warnings: string[] = [];
    const { triage } = await tab.run(code, { warn: (text: string) => warnings.push(text) });
    const orders = await tab.connection.openQueue<{ sku: string }>("orders", {
      backoff: { type: "fixed", baseMs: 1, maxMs: 1, jitter: "none" },
    });
    const consumer = orders.consume(({ body }) => {
      throw new Error(`no ${body.sku}`);
    });
    await orders.sendBatch(["tea", "gold", "sand"].map((sku) => ({ body: { sku } })));
    await eventually(async () => (await orders.stats()).dead).toBe(3);
    await eventually(() => warnings.at(-1)).toBe("3 orders need a look");
    await consumer.stop();

    const verdicts: Readonly<Record<string, string>> = { tea: "redrive", gold: "purge", sand: "keep" };
    const why: unknown[] = [];
    const verdictOn = ({ body, attempts, reason, error }: Record<string, unknown> & { body: { sku: string } }) => {
      why.push([attempts, reason, (error as Error).message]);
      return verdicts[body.sku];
    };
    const look = triage as unknown as (verdict: typeof verdictOn) => Promise<unknown>;
    expect(await look(verdictOn)).toEqual({ redriven: 1, purged: 1 });
    expect(why).toContainEqual([3, "max-deliveries", "no tea"]);
    expect(await orders.peek()).toMatchObject([{ body: { sku: "tea" }, attempts: 0 }]);
    expect(await orders.deadLetters.list()).toMatchObject([{ body: { sku: "sand" } }]);
    expect(await look(() => "keep")).toEqual({ redriven: 0, purged: 0 });
  });

  recipe("Show the progress of a long job", async (code) => {
    const parts: number[] = [];
    const requester = await newTab();
    const asked = await requester.run(code, {
      render: async () => {},
      showProgress: (part: number) => parts.push(part),
    });
    const order = asked.order as unknown as (pages: number, signal: AbortSignal) => Promise<string>;
    expect(await order(4, new AbortController().signal)).toBe("report of 4 pages");
    expect(parts).toEqual([0.25, 0.5, 0.75, 1]);
    await expect(order(4, AbortSignal.abort(new Error("never mind")))).rejects.toThrow("never mind");
  });

  recipe("Back up before logout", async (code) => {
    const tab = await newTab();
    const { logOut, restore } = await tab.run(code);
    const drafts = await tab.connection.openQueue<Uint8Array>("drafts");
    await drafts.sendBatch([{ body: Uint8Array.of(1) }, { body: Uint8Array.of(2), priority: 9 }]);
    const backup = await (logOut as unknown as (name: string) => Promise<Blob>)("drafts");
    expect((await backup.text()).split("\n")[0]).toContain('"queue":"drafts"');
    expect((await tab.connection.queues()).map(({ name }) => name)).not.toContain("drafts");

    const again = restore as unknown as (name: string, backup: Blob) => Promise<unknown>;
    expect(await again("drafts", backup)).toEqual({ imported: 2, skipped: 0, complete: true });
    const restored = await tab.connection.openQueue<Uint8Array>("drafts");
    const [first, second] = await restored.receive({ max: 2 });
    expect([first?.body, first?.priority, second?.body]).toEqual([Uint8Array.of(2), 9, Uint8Array.of(1)]);
  });

  test("none is left out", () => {
    expect([...tried].sort()).toEqual([...recipes.keys()].sort());
  });
});
