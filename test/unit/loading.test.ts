// What each side loads of the other. An app's bundler puts a module that the page and the lazily loaded in-process host
// share into what the page loads at once, whole: one constant from a file that imports the engine costs 29 kB.

import { describe, expect, test } from "vitest";
import { importsOf } from "../../scripts/bundles.mjs";
import { entryPoints } from "../../site/sections.mjs";

const OF_A_CLIENT = [
  /^src\/[a-z-]+\.ts$/,
  /^src\/(client|integrations)\//,
  /^src\/wiring\/(api|asking|begin|begin-page|lifecycle|notices|page-starters|persist|send|server|starting|take-over)\.ts$/,
  /^src\/wiring\/(transport|warm-up|whole|whole-api|workers)\.ts$/,
  /^src\/link\/(finding|rpc)\/(?!validate)[a-z-]+\.ts$/,
  // The words that a client and the engine share: of the core, a client needs these alone.
  /^src\/core\/(spec|log)\/[a-z-]+\.ts$/,
  /^src\/core\/commands\/commands\.ts$/,
  // What a backup, and a client over a socket, writes values with.
  /^src\/codec\//,
  /^node_modules\/(comlink|idb|@opentelemetry\/api)\//,
];
const unneeded = (modules: readonly string[]) => modules.filter((path) => !OF_A_CLIENT.some((own) => own.test(path)));

describe("what a client loads at once contains no module of the engine, the host or the store", () => {
  // Not the outbox: it is for service workers too, which host, and which may import nothing later.
  test.each(["index.ts", "send.ts", "backup.ts", "opentelemetry.ts", "transactional.ts"])("%s", async (entry) => {
    const { atOnce } = await importsOf(entry);
    expect(atOnce).toContain(`src/${entry}`);
    expect(unneeded(atOnce)).toEqual([]);
  });

  test("and the in-process host, which is what it does not load, would be found", async () => {
    const { atOnce } = await importsOf("wiring/in-process.ts");
    expect(unneeded(atOnce)).toEqual(
      expect.arrayContaining([
        "src/core/commands/decide.ts",
        "src/host/host.ts",
        "src/link/rpc/validate.ts",
        "src/store/memory/memory.ts",
      ]),
    );
  });
});

test("a page loads at once what it takes to send, and the rest of its queue right after", async () => {
  const { atOnce, whenAsked } = await importsOf("index.ts");
  const later = [
    "src/integrations/local-first/open-local-first.ts",
    "src/wiring/in-process.ts",
    "src/wiring/sealing.ts",
    "src/wiring/socket.ts",
    "src/wiring/whole.ts",
  ];
  expect(whenAsked.sort()).toEqual(later);
  expect(atOnce).toContain("src/client/connection/early-client.ts");
  const forMore =
    /comlink|client\/(requests|receiving\/(holding|consumer|delivery)|sending\/(pipeline|taken-in)|link\/host-link)|log\/(plain|size)|wiring\/transport/;
  expect(atOnce.filter((path) => forMore.test(path))).toEqual([]);
});

/** What people see. */
const SEEN = /^src\/integrations\/(inspector|([a-z]+-)?elements?)\//;
const withoutElements = Object.values(entryPoints())
  .filter((path) => !path.endsWith("-element.ts") && !/server|durable-object|bridge-|inspector/.test(path))
  .map((path) => path.replace("src/", ""));

test.each(withoutElements)("%s loads nothing that people see, at once or later", async (entry) => {
  const { atOnce, whenAsked } = await importsOf(entry);
  expect([...atOnce, ...whenAsked].filter((path) => SEEN.test(path))).toEqual([]);
});

test("the outbox element brings no client of its own: the outbox that it shows is the application's", async () => {
  const { atOnce, whenAsked } = await importsOf("outbox-element.ts");
  const store = new Set((await importsOf("store.ts")).atOnce);
  const others = [...atOnce, ...whenAsked].filter((path) => !SEEN.test(path) && !store.has(path));
  expect(others).toEqual(["src/outbox-element.ts"]);
});

test("a page that only sends loads no word of why something is refused, and no way to a host but the usual one", async () => {
  const { atOnce, whenAsked } = await importsOf("send.ts");
  expect(whenAsked.sort()).toEqual(["src/wiring/in-process.ts", "src/wiring/send-rest.ts", "src/wiring/socket.ts"]);
  const unusual =
    /client\/(link|queue\/(?!sender)|receiving|requests)|sending\/(pipeline|options)|spec\/check|wiring\/transport/;
  expect(atOnce.filter((path) => unusual.test(path))).toEqual([]);
});

test.each(["shared-worker.ts", "dedicated-worker.ts"])("%s loads nothing of the client", async (entry) => {
  const { atOnce } = await importsOf(entry);
  expect(atOnce).toContain("src/core/commands/decide.ts");
  expect(atOnce.filter((path) => path.startsWith("src/client/"))).toEqual([]);
});
