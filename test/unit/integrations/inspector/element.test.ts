// @vitest-environment happy-dom
// The element over a real host in memory, where something is not as usual: a connection that is closed, a queue that is deleted,
// names that every object has, an element that is moved. In browsers: test/e2e/inspector.test.ts.

import { afterEach, expect, test, vi } from "vitest";
import { type Connection, connect, openQueue, openTopic } from "../../../../src/index.js";
import { InspectorElement } from "../../../../src/inspector.js";

const SOON = { timeout: 10_000 };
const opened: Connection[] = [];
afterEach(async () => {
  document.body.replaceChildren();
  await Promise.all(opened.splice(0).map((connection) => connection.close({ force: true })));
});

async function inMemory(): Promise<Connection> {
  const connection = await connect({ storage: "memory", database: `inspected-${Math.random()}` });
  opened.push(connection);
  return connection;
}

function show(connection: Connection, queue?: string): InspectorElement {
  const inspector = new InspectorElement();
  if (queue !== undefined) inspector.setAttribute("queue", queue);
  inspector.setAttribute("inline", "");
  inspector.connection = connection;
  document.body.append(inspector);
  return inspector;
}

const rootOf = (inspector: InspectorElement) => inspector.shadowRoot as ShadowRoot;
const buttonOf = (inspector: InspectorElement, label: string) =>
  [...rootOf(inspector).querySelectorAll("button")].find(({ textContent }) => textContent === label);
const rowsOf = (inspector: InspectorElement) =>
  [...rootOf(inspector).querySelectorAll(".list tbody .choose")].map(({ textContent }) => textContent);

test("of a connection that is closed it says so once, and asks it no more", async () => {
  const connection = await inMemory();
  await connection.openQueue("q");
  const inspector = show(connection);
  await vi.waitFor(() => expect(rowsOf(inspector)).toEqual(["q"]), SOON);
  const inspect = vi.spyOn(connection, "inspect");
  await connection.close();
  await vi.waitFor(() => expect(rootOf(inspector).textContent).toContain("the connection is closed"), SOON);
  const asked = inspect.mock.calls.length;
  buttonOf(inspector, "Dismiss")?.click();
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(inspect.mock.calls.length).toBe(asked);
  expect(rootOf(inspector).querySelector(".problem")).toBeNull();
});

test("a queue that is deleted is said to be, and nothing that is pressed makes it again", async () => {
  const connection = await inMemory();
  const queue = await connection.openQueue("short-lived");
  await queue.send(1);
  const inspector = show(connection, "short-lived");
  await vi.waitFor(() => expect(rootOf(inspector).textContent).toContain("1, in the order they were sent."), SOON);
  expect(buttonOf(inspector, "Send…")?.getAttribute("aria-disabled")).toBe("false");
  await queue.delete();
  await vi.waitFor(() => expect(rootOf(inspector).querySelector(".detail .badge")?.textContent).toBe("deleted"), SOON);
  for (const label of ["Pause", "Send…", "Redrive…", "Settings…", "Export", "Purge…"])
    expect(buttonOf(inspector, label)?.getAttribute("aria-disabled"), label).toBe("true");
  for (const label of ["Pause", "Send…", "Redrive…", "Settings…", "Export", "Purge…"])
    buttonOf(inspector, label)?.click();
  expect(rootOf(inspector).querySelector("dialog")).toBeNull();
  expect((await connection.inspect()).queues).toEqual([]);
});

test("queues may be called as members of every object are, and bodies be what they like", async () => {
  const connection = await inMemory();
  const round: Record<string, unknown> = { html: "<img src=x onerror=alert(1)>" };
  round.itself = round;
  const sparse: unknown[] = [];
  sparse.length = 1_000_000;
  const bodies = [round, sparse, new Map<unknown, unknown>([[round, 1n]]), new Set([new Date(Number.NaN)]), undefined];
  for (const name of ["constructor", "__proto__", "toString"]) {
    const queue = await connection.openQueue(name);
    await queue.sendBatch(bodies.map((body) => ({ body, headers: { "<b>": "</b>" }, groupId: "<i>" })));
  }
  const inspector = show(connection, "constructor");
  const lines = () => [...rootOf(inspector).querySelectorAll<HTMLElement>(".vcanvas .vrow:not(.unread)")];
  Object.defineProperty(rootOf(inspector).querySelector(".vlist"), "clientHeight", { value: 400 });
  await vi.waitFor(() => expect(lines().filter(({ hidden }) => !hidden)).toHaveLength(5), SOON);
  for (let i = 0; i < 5; i++) {
    lines()[i]?.click();
    await vi.waitFor(() => expect(rootOf(inspector).querySelector("article.message")).not.toBeNull(), SOON);
    buttonOf(inspector, "All messages")?.click();
  }
  expect(rootOf(inspector).querySelector(".problem")).toBeNull();
  expect(rootOf(inspector).querySelector("img, b, i")).toBeNull();
  const journal = [...rootOf(inspector).querySelectorAll<HTMLElement>("[role=tab]")].find((tab) =>
    tab.textContent?.startsWith("Journal"),
  );
  journal?.click();
  await vi.waitFor(
    () => expect(rootOf(inspector).querySelector("[aria-label^='Queues, before']")?.textContent).toContain("0 → 4"),
    SOON,
  );
  expect(rootOf(inspector).textContent).not.toContain("NaN");
});

test("it may be moved about, and be there twice", async () => {
  const connection = await inMemory();
  await connection.openQueue("q");
  const [one, two] = [show(connection), show(connection)];
  for (const inspector of [one, two]) await vi.waitFor(() => expect(rowsOf(inspector)).toEqual(["q"]), SOON);
  const other = document.createElement("div");
  document.body.append(other);
  other.append(one);
  two.remove();
  await vi.waitFor(() => expect(rowsOf(one)).toEqual(["q"]), SOON);
  expect(rootOf(two).childElementCount).toBe(0);
  document.body.append(two);
  await vi.waitFor(() => expect(rowsOf(two)).toEqual(["q"]), SOON);
  // The connection that it was given is its owner's.
  await expect(connection.inspect()).resolves.toBeDefined();
});

test("a context is called what it calls itself, whatever it opens, also when that changes", async () => {
  const options = { storage: "memory", label: "Cart, /cart" } as const;
  const openings = [
    async (database: string) => openQueue("q", { ...options, database }),
    async (database: string) => openTopic("t", { ...options, database }),
  ];
  for (const [i, open] of openings.entries()) {
    const database = `labelled-${i}`;
    const own = await open(database);
    const other = await connect({ storage: "memory", database });
    opened.push(other);
    await vi.waitFor(async () => {
      expect((await other.inspect()).clients.map(({ label }) => label).sort()).toEqual(["Cart, /cart", null]);
    }, SOON);
    await own.close();
  }
  const connection = await connect({ storage: "memory", database: "labels", label: "Cart, /cart" });
  opened.push(connection);
  const labels = async () => (await connection.inspect()).clients.map(({ label }) => label);
  await vi.waitFor(async () => expect(await labels()).toEqual(["Cart, /cart"]), SOON);
  connection.setLabel("Checkout, /pay");
  await vi.waitFor(async () => expect(await labels()).toEqual(["Checkout, /pay"]), SOON);
  for (const wrong of ["", "x".repeat(1_001), 7])
    expect(() => connection.setLabel(wrong as string)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  expect(await labels()).toEqual(["Checkout, /pay"]);
});

const noteOf = (inspector: InspectorElement) => rootOf(inspector).querySelector(".filter .note")?.textContent;
const filterBy = (inspector: InspectorElement, text: string) => {
  const input = rootOf(inspector).querySelector<HTMLInputElement>(".filter input");
  if (input === null) throw new Error("there is no filter");
  input.value = text;
  input.dispatchEvent(new Event("input"));
  return input;
};

test("of more queues than are read at once each is found by a part of its name, and not said to be deleted", async () => {
  const connection = await inMemory();
  await Promise.all(Array.from({ length: 620 }, (_, n) => connection.openQueue(`orders-${n}`)));
  const inspector = show(connection);
  await vi.waitFor(() => expect(rowsOf(inspector)).toHaveLength(500), SOON);
  expect(noteOf(inspector)).toBe("The first 500 of 620 queues.");
  const input = filterBy(inspector, "Orders-61");
  const found = ["orders-61", ...Array.from({ length: 10 }, (_, n) => `orders-61${n}`)];
  await vi.waitFor(() => expect(rowsOf(inspector).sort()).toEqual(found.sort()), SOON);
  expect(noteOf(inspector)).toBe("11 of 620 queues.");
  buttonOf(inspector, "orders-615")?.click();
  const badge = () => rootOf(inspector).querySelector<HTMLElement>(".detail .badge");
  const pause = () => buttonOf(inspector, "Pause")?.getAttribute("aria-disabled");
  await vi.waitFor(() => expect(pause()).toBe("false"), SOON);
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }));
  expect(input.value).toBe("");
  await vi.waitFor(() => expect(noteOf(inspector)).toBe("The first 501 of 620 queues."), SOON);
  expect(buttonOf(inspector, "All queues")).toBeDefined();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect([badge()?.hidden, pause()]).toEqual([true, "false"]);
});

test("a list of few has no filter; many topics and schedules have one, which counts what it leaves", async () => {
  const connection = await inMemory();
  const queue = await connection.openQueue("q");
  const inspector = show(connection);
  await vi.waitFor(() => expect(rowsOf(inspector)).toEqual(["q"]), SOON);
  const shownFilters = () => rootOf(inspector).querySelectorAll(".filter:not([hidden])").length;
  expect(shownFilters()).toBe(0);
  for (let n = 0; n < 12; n++) {
    await queue.schedules.upsert(`nightly-${n}`, { everyMs: 3_600_000 }, n);
    await (await connection.openTopic(`news-${n}`)).subscription(n === 3 ? "archive" : "all");
  }
  const filtered = async (label: string, text: string, note: string) => {
    [...rootOf(inspector).querySelectorAll<HTMLElement>("[role=tab]")]
      .find(({ textContent }) => textContent?.startsWith(label))
      ?.click();
    await vi.waitFor(() => expect(shownFilters()).toBe(1), SOON);
    filterBy(inspector, text);
    await vi.waitFor(() => expect(noteOf(inspector)).toBe(note), SOON);
  };
  await filtered("Topics", "ARCH", "1 of 12 topics.");
  expect(rootOf(inspector).querySelectorAll(".tabpanel table")).toHaveLength(1);
  await filtered("Schedules", "nightly-1", "3 of 12 schedules.");
});

const fieldsOf = (inspector: InspectorElement) =>
  rootOf(inspector).querySelectorAll<HTMLInputElement>("dialog input, dialog textarea, dialog select");
const submit = (inspector: InspectorElement) =>
  rootOf(inspector)
    .querySelector("dialog form")
    ?.dispatchEvent(new Event("submit", { cancelable: true }));

test("what was set before the element was defined counts", async () => {
  const connection = await inMemory();
  await connection.openQueue("q");
  class Late extends InspectorElement {}
  const schemas = {};
  const early = document.createElement("late-inspector") as InspectorElement;
  Object.assign(early, { connection, schemas });
  early.setAttribute("inline", "");
  document.body.append(early);
  customElements.define("late-inspector", Late);
  customElements.upgrade(early);
  await vi.waitFor(() => expect(rowsOf(early)).toEqual(["q"]), SOON);
  expect(early.schemas).toBe(schemas);
  early.connection = undefined;
  expect(early.connection).toBeUndefined();
  expect(Object.hasOwn(early, "connection")).toBe(false);
});

test("the same connection given again leaves what is open", async () => {
  const connection = await inMemory();
  const inspector = show(connection);
  const panel = rootOf(inspector).querySelector(".panel");
  inspector.connection = connection;
  expect(rootOf(inspector).querySelector(".panel")).toBe(panel);
});

test("a purge takes what was there when it was asked for, not what came in its grace", async () => {
  const connection = await inMemory();
  const queue = await connection.openQueue<string>("q");
  await queue.send("before");
  const inspector = show(connection, "q");
  await vi.waitFor(() => expect(buttonOf(inspector, "Purge…")?.getAttribute("aria-disabled")).toBe("false"), SOON);
  buttonOf(inspector, "Purge…")?.click();
  submit(inspector);
  await vi.waitFor(() => expect(buttonOf(inspector, "Do it now")).toBeDefined(), SOON);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await queue.send("after");
  buttonOf(inspector, "Do it now")?.click();
  await vi.waitFor(() => expect(rootOf(inspector).textContent).toContain("1 message deleted."), SOON);
  expect((await queue.peek()).map(({ body }) => body)).toEqual(["after"]);
});

test("a question that is open while its queue is deleted makes no queue", async () => {
  const connection = await inMemory();
  const inspector = show(connection, "q");
  for (const label of ["Send…", "Settings…"]) {
    const queue = await connection.openQueue("q");
    await vi.waitFor(() => expect(buttonOf(inspector, label)?.getAttribute("aria-disabled")).toBe("false"), SOON);
    buttonOf(inspector, label)?.click();
    await queue.delete();
    for (const field of fieldsOf(inspector)) if (field.type === "number") field.value = "7";
    submit(inspector);
    await vi.waitFor(() => expect(rootOf(inspector).querySelector(".wrong")?.textContent).toContain("no queue"), SOON);
    buttonOf(inspector, "Cancel")?.click();
    await vi.waitFor(() => expect(rootOf(inspector).querySelector("dialog")).toBeNull(), SOON);
  }
  expect((await connection.inspect()).queues).toEqual([]);
});

test("what waits for room in a full queue is given up with its question", async () => {
  const connection = await inMemory();
  const queue = await connection.openQueue<string>("q");
  await queue.send("moved");
  const full = await connection.openQueue<string>("full", { maxMessages: 1, overflow: "block" });
  await full.send("there");
  const inspector = show(connection, "q");
  Object.defineProperty(rootOf(inspector).querySelector(".vlist"), "clientHeight", { value: 400 });
  const line = () => rootOf(inspector).querySelector<HTMLElement>(".vcanvas .vrow:not(.unread)");
  await vi.waitFor(() => expect(line()?.textContent).toContain("moved"), SOON);
  line()?.click();
  await vi.waitFor(() => expect(buttonOf(inspector, "Move…")).toBeDefined(), SOON);
  buttonOf(inspector, "Move…")?.click();
  (fieldsOf(inspector)[0] as HTMLInputElement).value = "full";
  submit(inspector);
  await vi.waitFor(
    () => expect(rootOf(inspector).querySelector(".wrong")?.textContent).toContain("not done yet"),
    SOON,
  );
  buttonOf(inspector, "Cancel")?.click();
  await vi.waitFor(() => expect(rootOf(inspector).querySelector("dialog")).toBeNull(), SOON);
  await full.purge();
  await full.send("later");
  expect((await full.peek()).map(({ body }) => body)).toEqual(["later"]);
  expect((await queue.peek()).map(({ body }) => body)).toEqual(["moved"]);
});

test("one that cannot begin says why, tries again when there is a network, and can be closed", async () => {
  const inspector = new InspectorElement();
  document.body.append(inspector);
  inspector.open = true;
  expect(rootOf(inspector).textContent).toContain("Connecting…");
  const said = () => rootOf(inspector).querySelector(".refused")?.textContent;
  // There is no browser here, and so no queue of one.
  await vi.waitFor(() => expect(said()).toMatch(/^It could not begin: .*lives in browsers/), SOON);
  dispatchEvent(new Event("online"));
  expect(said()).toBeUndefined();
  await vi.waitFor(() => expect(said()).toMatch(/^It could not begin/), SOON);
  buttonOf(inspector, "Try again")?.click();
  expect(said()).toBeUndefined();
  buttonOf(inspector, "Close")?.click();
  expect(inspector.open).toBe(false);
  expect(rootOf(inspector).querySelector(".launcher")).not.toBeNull();
});
