// `persist` where the browser puts the question to its user.

import { afterEach, expect, test, vi } from "vitest";

/** A page of its own: what one asks and hears no answer to is asked for good. */
async function openPage() {
  vi.resetModules();
  return import("../../../src/index.js");
}

afterEach(() => vi.unstubAllGlobals());

const stubPersist = (persist: () => Promise<boolean>) => vi.stubGlobal("navigator", { storage: { persist } });

test("nothing waits for an answer that never comes, and the question is put once", async () => {
  const persist = vi.fn(() => new Promise<boolean>(() => {}));
  stubPersist(persist);
  const { connect, openQueue } = await openPage();
  const options = { storage: "memory", database: "persist-unanswered", persist: true } as const;
  const connection = await connect(options);
  const queue = await openQueue<number>("q", options);
  await queue.send(1);
  expect(connection.persisted).toBeUndefined();
  expect(persist).toHaveBeenCalledTimes(1);
  await queue.close();
  await connection.close();
});

test.each([true, false])("an answer that comes late is told by an event: %s", async (answer) => {
  let give: (answer: boolean) => void = () => {};
  stubPersist(() => new Promise<boolean>((resolve) => (give = resolve)));
  const { connect } = await openPage();
  const connection = await connect({ storage: "memory", database: "persist-late", persist: true });
  const heard: boolean[] = [];
  connection.addEventListener("persisted", ({ detail }) => heard.push(detail.persisted));
  give(answer);
  await vi.waitFor(() => expect(heard).toEqual([answer]));
  expect(connection.persisted).toBe(answer);
  await connection.close();
});

test("a context that cannot ask has the answer no, and one that was not to ask has none", async () => {
  vi.stubGlobal("navigator", {});
  const { connect } = await openPage();
  const asking = await connect({ storage: "memory", database: "persist-cannot", persist: true });
  await vi.waitFor(() => expect(asking.persisted).toBe(false));
  const silent = await connect({ storage: "memory", database: "persist-cannot" });
  expect(silent.persisted).toBeUndefined();
  await asking.close();
  await silent.close();
});
