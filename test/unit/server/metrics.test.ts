import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { QueueError } from "../../../src/core/spec/errors.js";
import { eachOnce, inFull } from "../../../src/server/command-line.js";
import { createDatabases } from "../../../src/server/databases.js";
import { healthText, metricsText } from "../../../src/server/metrics.js";
import { createMemoryDisk, createMemoryStore } from "../../../src/store/memory/memory.js";
import { sendOf, startHost } from "../host/world.js";

/** Lines as Prometheus reads them: a comment, or a sample. */
const LINE = /^(# (HELP|TYPE) originmq_\w+ .+|originmq_\w+(\{(\w+="(\\.|[^"\\])*",?)+\})? -?\d+(\.\d+)?(e[+-]\d+)?)$/;

test("a host's figures are told as metrics: one family after the other, each named and typed once", async () => {
  const { host, connect } = await startHost();
  const { submit, link } = await connect("a");
  await submit(sendOf(1, "one", "two"), sendOf(2, "three"));
  await link.call({ op: "receive", waiter: "w", queue: "q", max: 1, waitMs: 0, mode: "receive" });
  const text = metricsText([{ database: 'till "3"\\\n', ...(await host.figures()) }], { size: 1, failing: 0 });
  const lines = text.trimEnd().split("\n");
  expect(lines.filter((line) => !LINE.test(line))).toEqual([]);
  const label = 'database="till \\"3\\"\\\\\\n",queue="q"';
  expect(lines).toEqual(
    expect.arrayContaining([
      `originmq_messages{${label},state="ready"} 2`,
      `originmq_messages{${label},state="leased"} 1`,
      `originmq_accepted_total{${label}} 3`,
      `originmq_deliveries_total{${label}} 1`,
      "originmq_databases_open 1",
      'originmq_clients{database="till \\"3\\"\\\\\\n"} 1',
    ]),
  );
  const types = lines.filter((line) => line.startsWith("# TYPE"));
  expect(new Set(types).size).toBe(types.length);
  await host.close();
  await expect(host.figures()).rejects.toMatchObject({ code: "host-lost" });
});

test("without databases there is nothing but what would be told, and that none is open", () => {
  expect(metricsText([], { size: 0, failing: 0 }).match(/^originmq.*/gm)).toEqual([
    "originmq_databases_open 0",
    "originmq_databases_failing 0",
  ]);
});

test("docs/metrics.md lists all of them, and no other", () => {
  const page = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8");
  const listed = [...page.matchAll(/^\| `(originmq_\w+)`/gm)].map(([, name]) => name);
  const told = [...metricsText([], { size: 0, failing: 0 }).matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
  expect(listed.sort()).toEqual(told.sort());
});

test("a server is not well while a database cannot be opened, until it can", async () => {
  let isBroken = true;
  const databases = createDatabases({
    async openStore() {
      if (isBroken) throw new Error("the disk has failed");
      return createMemoryStore({ disk: createMemoryDisk() });
    },
    reconnectMs: 1,
    report() {},
  });
  expect(healthText(databases)).toEqual({ status: 200, text: "ok\ndatabases open: 0\n" });
  await expect(databases.open("shop")).rejects.toThrow("the disk has failed");
  expect(healthText(databases)).toMatchObject({ status: 503, text: expect.stringContaining("cannot be opened: 1") });
  expect(metricsText([], databases)).toContain("originmq_databases_failing 1");
  isBroken = false;
  await databases.open("shop");
  expect(healthText(databases)).toEqual({ status: 200, text: "ok\ndatabases open: 1\n" });
  await databases.close();
});

test("a name that no database may have says nothing of the server", async () => {
  const openStore = () => Promise.reject(new QueueError("invalid-argument", "too long"));
  const databases = createDatabases({ openStore, reconnectMs: 1, report() {} });
  await expect(databases.open("long")).rejects.toThrow("too long");
  expect(databases.failing).toBe(0);
  await databases.close();
});

test("an error that comes again and again is told once, then at each tenfold, by no name of a class", () => {
  const lines: string[] = [];
  class InnerError extends Error {
    override name = "InnerError";
  }
  const tell = eachOnce(inFull, (line) => lines.push(line));
  for (let i = 0; i < 120; i++) tell(new InnerError("the file is in use"));
  tell(new InnerError("another"));
  expect(lines.map((line) => line.split("\n")[0])).toEqual([
    "the file is in use",
    "the file is in use (10 times by now)",
    "the file is in use (100 times by now)",
    "another",
  ]);
});
