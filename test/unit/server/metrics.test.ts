import { expect, test } from "vitest";
import { metricsText } from "../../../src/server/metrics.js";
import { sendOf, startHost } from "../host/world.js";

/** Lines as Prometheus reads them: a comment, or a sample. */
const LINE = /^(# (HELP|TYPE) originmq_\w+ .+|originmq_\w+(\{(\w+="(\\.|[^"\\])*",?)+\})? -?\d+(\.\d+)?(e[+-]\d+)?)$/;

test("a host's figures are told as metrics: one family after the other, each named and typed once", async () => {
  const { host, connect } = await startHost();
  const { submit, link } = await connect("a");
  await submit(sendOf(1, "one", "two"), sendOf(2, "three"));
  await link.call({ op: "receive", waiter: "w", queue: "q", max: 1, waitMs: 0, mode: "receive" });
  const text = metricsText([{ database: 'till "3"\\\n', ...(await host.figures()) }], 1);
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
  expect(metricsText([], 0).match(/^originmq.*/gm)).toEqual(["originmq_databases_open 0"]);
});
