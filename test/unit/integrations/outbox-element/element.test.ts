// @vitest-environment happy-dom
// The element over an outbox of the test: its properties, events and focus. With a real one, in browsers: test/outbox/inbox.test.ts.

import { afterEach, expect, test, vi } from "vitest";
import type { QueueStats } from "../../../../src/index.js";
import type { DeadOutboxMessage, Outbox, WaitingOutboxMessage } from "../../../../src/outbox.js";
import { defineOutboxElement, german, type OutboxElement } from "../../../../src/outbox-element.js";

type Message = WaitingOutboxMessage | DeadOutboxMessage;

/** Its lists are changed by the test, and by what the element asks for. */
function outboxWith(waiting: readonly string[], dead: readonly string[]) {
  const of = (id: string) => ({
    ...{ id, url: "https://a.test/notes", method: "POST", groupId: id, priority: 4, idempotencyKey: id },
    ...{ metadata: { title: id }, attempt: 1, queuedAt: 0 },
  });
  const lists = {
    waiting: waiting.map((id) => ({ ...of(id), state: "ready", dueAt: null, lastFailure: null, lastStatus: null })),
    dead: dead.map((id) => ({ ...of(id), reason: "HTTP 422", status: 422, answer: "No." })),
  };
  const asked: string[] = [];
  let tell: (stats: QueueStats) => void = () => {};
  const change = () => {
    const counts = { ready: lists.waiting.length, delayed: 0, leased: 0, blocked: 0, dead: lists.dead.length };
    tell({ ...counts, totals: { acked: 0, died: 0 } } as QueueStats);
  };
  const drop = (what: string, id = "") => {
    asked.push(`${what} ${id}`);
    lists.waiting = lists.waiting.filter((one) => one.id !== id);
    lists.dead = lists.dead.filter((one) => one.id !== id);
    change();
  };
  const outbox = {
    waiting: async ({ max = 0 } = {}) => lists.waiting.slice(0, max),
    delivered: async () => [],
    cancel: async (id: string) => {
      drop("cancel", id);
      return true;
    },
    dead: {
      list: async ({ max = 0 } = {}) => lists.dead.slice(0, max),
      redrive: async ({ ids = [] as string[] } = {}) => {
        drop("redrive", ids[0]);
        return { redriven: 1 };
      },
      purge: async ({ ids = [] as string[] } = {}) => {
        drop("purge", ids[0]);
        return { purged: 1 };
      },
    },
    subscribeStats(callback: typeof tell) {
      tell = callback;
      change();
      return () => {
        tell = () => {};
      };
    },
  };
  return { outbox: outbox as unknown as Outbox, asked, drop };
}

const show = (set: (element: OutboxElement) => void): OutboxElement => {
  defineOutboxElement({ languages: [german] });
  const element = document.createElement("originmq-outbox");
  set(element);
  document.body.append(element);
  return element;
};
const textsIn = (element: OutboxElement, part: string) =>
  [...(element.shadowRoot?.querySelectorAll(`[part~="${part}"]`) ?? [])].map(({ textContent }) => textContent);
const button = (element: OutboxElement, label: string) =>
  element.shadowRoot?.querySelector<HTMLButtonElement>(`button[aria-label="${label}"]`);
const focused = (element: OutboxElement) => element.shadowRoot?.activeElement?.getAttribute("aria-label");

afterEach(() => document.body.replaceChildren());

test("a property that was set before the element was defined counts", async () => {
  const { outbox } = outboxWith(["one"], []);
  const early = document.createElement("early-outbox") as OutboxElement;
  Object.assign(early, { outbox, describe: () => ({ title: "its own words" }) });
  document.body.append(early);
  defineOutboxElement({ tag: "early-outbox" });
  customElements.upgrade(early);
  await expect.poll(() => textsIn(early, "title"), { timeout: 10_000 }).toEqual(["its own words"]);
});

test("a row that goes hands the focus to the next one, to the same button, and the last one to the summary", async () => {
  const { outbox, asked, drop } = outboxWith([], ["a", "b", "c"]);
  const element = show((it) => Object.assign(it, { outbox }));
  await expect.poll(() => textsIn(element, "title"), { timeout: 10_000 }).toEqual(["a", "b", "c"]);
  button(element, "Try again: b")?.focus();
  button(element, "Try again: b")?.click();
  await expect.poll(() => textsIn(element, "title"), { timeout: 10_000 }).toEqual(["a", "c"]);
  expect(focused(element)).toBe("Try again: c");
  drop("gone", "c");
  await expect.poll(() => focused(element), { timeout: 10_000 }).toBe("Try again: a");
  button(element, "Discard: a")?.click();
  expect(asked).not.toContain("purge a");
  expect(focused(element)).toBe("Keep: a");
  element.shadowRoot?.querySelector<HTMLButtonElement>("[part~=danger]")?.click();
  await expect.poll(() => textsIn(element, "notice")[0], { timeout: 10_000 }).toBe("“a” was discarded.");
  await expect.poll(() => element.shadowRoot?.activeElement?.id, { timeout: 10_000 }).toBe("summary");
  expect(asked).toEqual(["redrive b", "gone c", "purge a"]);
});

test("an empty one says once that nothing waits", async () => {
  const { outbox } = outboxWith([], []);
  const element = show((it) => Object.assign(it, { outbox }));
  await expect.poll(() => textsIn(element, "summary"), { timeout: 10_000 }).toEqual(["Nothing waits"]);
  expect(textsIn(element, "empty")).toEqual([expect.not.stringContaining("waits")]);
});

test("what an application prevents is not done", async () => {
  const { outbox, asked } = outboxWith(["w"], ["d"]);
  const told: string[] = [];
  const element = show((it) => {
    it.outbox = outbox;
    it.editable = true;
  });
  for (const type of ["retry", "edit", "discard"] as const) {
    element.addEventListener(type, (event) => {
      event.preventDefault();
      told.push(`${type} ${(event.detail.message as Message).id}`);
    });
  }
  await expect.poll(() => textsIn(element, "title"), { timeout: 10_000 }).toEqual(["d", "w"]);
  for (const label of ["Try again: d", "Edit: d", "Edit: w", "Discard: w"]) button(element, label)?.click();
  element.shadowRoot?.querySelector<HTMLButtonElement>("[part~=waiting] [part~=danger]")?.click();
  await Promise.resolve();
  expect(told).toEqual(["retry d", "edit d", "edit w", "discard w"]);
  expect(asked).toEqual([]);
});

test("editing is offered where there is a form or somebody who listens, and the application does not say otherwise", async () => {
  const { outbox } = outboxWith(["w"], []);
  const element = show((it) => Object.assign(it, { outbox }));
  await expect.poll(() => textsIn(element, "title"), { timeout: 10_000 }).toEqual(["w"]);
  expect(button(element, "Edit: w")?.hidden).toBe(true);
  element.editable = true;
  await expect.poll(() => button(element, "Edit: w")?.hidden, { timeout: 10_000 }).toBe(false);
  element.describe = () => ({ title: "w", isEditable: false });
  expect(button(element, "Edit: w")?.hidden).toBe(true);
});

test("it says what it says in the language of the page, or in the texts that it is given", async () => {
  const { outbox } = outboxWith([], ["d"]);
  document.documentElement.lang = "de-CH";
  const element = show((it) => Object.assign(it, { outbox }));
  await expect.poll(() => textsIn(element, "heading")[0], { timeout: 10_000 }).toContain("Nicht gesendet (1)");
  element.texts = { ...german, failed: "Misslungen: {count}" };
  await expect.poll(() => textsIn(element, "heading")[0], { timeout: 10_000 }).toContain("Misslungen: 1");
  document.documentElement.lang = "fr";
  element.texts = undefined;
  await expect.poll(() => textsIn(element, "heading")[0], { timeout: 10_000 }).toContain("Not sent (1)");
  // The page speaks another language since: it is looked for again.
  document.documentElement.lang = "de";
  element.texts = undefined;
  await expect.poll(() => textsIn(element, "heading")[0], { timeout: 10_000 }).toContain("Nicht gesendet (1)");
});

test("out of the page it reads nothing, and back in it goes on", async () => {
  const { outbox, drop } = outboxWith(["a", "b"], []);
  const element = show((it) => Object.assign(it, { outbox }));
  await expect.poll(() => textsIn(element, "title"), { timeout: 10_000 }).toEqual(["a", "b"]);
  element.remove();
  drop("gone", "a");
  expect(textsIn(element, "title")).toEqual([]);
  document.body.append(element);
  await expect.poll(() => textsIn(element, "title"), { timeout: 10_000 }).toEqual(["b"]);
});

test("a description that fails or says nothing takes no row away: it is headed as without one, and the failure reported once", async () => {
  const { outbox, drop } = outboxWith(["a", "b", "c"], []);
  const reported = vi.fn();
  vi.stubGlobal("reportError", reported);
  const failure = new Error("no title");
  const element = show((it) => {
    it.outbox = outbox;
    it.describe = ({ metadata }) => {
      const { title } = metadata as { title: string };
      if (title === "a") throw failure;
      return title === "b" ? ({ detail: "more" } as never) : { title: "its own words" };
    };
  });
  await expect.poll(() => textsIn(element, "title"), { timeout: 10_000 }).toEqual(["a", "b", "its own words"]);
  expect(textsIn(element, "detail")[1]).toBe("more");
  drop("gone", "b");
  await expect.poll(() => textsIn(element, "title"), { timeout: 10_000 }).toEqual(["a", "its own words"]);
  expect(reported.mock.calls).toEqual([[failure]]);
  vi.unstubAllGlobals();
});

test("what is set to what it was, as frameworks do with each rendering, leaves what is open", async () => {
  const { outbox } = outboxWith(["a"], []);
  const element = show((it) => Object.assign(it, { outbox, texts: { ...german }, lang: "de", pageSize: 50 }));
  await expect.poll(() => textsIn(element, "title"), { timeout: 10_000 }).toEqual(["a"]);
  const row = element.shadowRoot?.querySelector("li");
  element.texts = { ...german };
  element.lang = "de";
  element.pageSize = 50;
  await new Promise((resolve) => setTimeout(resolve));
  expect(element.shadowRoot?.querySelector("li")).toBe(row);
  element.texts = { ...german, discard: "Löschen" };
  await expect.poll(() => textsIn(element, "discard")[0], { timeout: 10_000 }).toBe("Löschen");
});

test("in an element of somebody else's it speaks the language that is around that one", async () => {
  const { outbox } = outboxWith([], ["d"]);
  const around = document.createElement("div");
  around.lang = "de";
  document.body.append(around);
  const host = document.createElement("div");
  around.append(host);
  const element = show((it) => Object.assign(it, { outbox }));
  host.attachShadow({ mode: "open" }).append(element);
  await expect.poll(() => textsIn(element, "heading")[0], { timeout: 10_000 }).toContain("Nicht gesendet (1)");
});
