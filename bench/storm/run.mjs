// `npm run storm`: 10,000 clients come back online at once. Prints a table and draws docs/images/outbox-storm.svg.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as echarts from "echarts";
import { build } from "esbuild";
import { CAPACITY, CLIENTS, LASTS_S, POLICIES, REQUESTS_EACH, simulate } from "./storm.mjs";

const SEED = 20_260_301;
const SHOWN_S = 300;
const COLOURS = ["#b02f2a", "#b07a12", "#2a5bbf", "#0b6b5d"];

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("../../src/integrations/outbox/gates.ts", import.meta.url))],
  bundle: true,
  write: false,
  format: "esm",
});
const code = Buffer.from(outputFiles[0]?.text ?? "").toString("base64");
const { createGates } = await import(`data:text/javascript;base64,${code}`);

const storms = POLICIES.map((policy) => simulate(createGates, policy, SEED));
console.log(`${CLIENTS} clients, ${REQUESTS_EACH} requests each, a server of ${CAPACITY} requests a second\n`);
console.log("| clients wait | worst second | attempts per request | half delivered | all delivered |");
console.log("|---|---|---|---|---|");
for (const { name, peak, attempts, halfS, allS } of storms) {
  const seconds = (/** @type {number | null} */ s) => (s === null ? `not in ${LASTS_S} s` : `${s.toFixed(0)} s`);
  console.log(
    `| ${name} | ${peak.toLocaleString("en")} | ${halfS === null ? "–" : attempts.toFixed(1)} | ${seconds(halfS)} | ${seconds(allS)} |`,
  );
}

const panel = (/** @type {number} */ i, /** @type {string} */ title) => ({
  grid: { left: 76, right: 24, top: 64 + i * 250, height: 180 },
  title: { text: title, left: 76, top: 34 + i * 250, textStyle: { fontSize: 14, color: "#1b2326" } },
  xAxis: {
    type: /** @type {const} */ ("value"),
    gridIndex: i,
    max: SHOWN_S,
    name: i === 1 ? "seconds since the network is back" : "",
    nameLocation: /** @type {const} */ ("middle"),
    nameGap: 28,
    splitLine: { show: false },
  },
  yAxis: { gridIndex: i, min: i === 0 ? 1 : 0, splitLine: { lineStyle: { color: "#e7e4da" } } },
});
const panels = [panel(0, "Requests a second that clients make"), panel(1, "Requests delivered so far")];
const capacity = {
  silent: true,
  symbol: "none",
  label: { formatter: "what it can serve" },
  data: [{ yAxis: CAPACITY }],
};
const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 900, height: 600 });
chart.setOption({
  animation: false,
  backgroundColor: "#fefdfa",
  color: COLOURS,
  legend: { top: 6, data: storms.map(({ name }) => name) },
  title: panels.map(({ title }) => title),
  grid: panels.map(({ grid }) => grid),
  xAxis: panels.map(({ xAxis }) => xAxis),
  yAxis: [
    { ...panels[0]?.yAxis, type: "log" },
    { ...panels[1]?.yAxis, type: "value" },
  ],
  series: storms.flatMap(({ name, offered, served }, i) => {
    let sum = 0;
    const shown = (/** @type {number[]} */ values) => values.slice(0, SHOWN_S).map((value, s) => [s, value]);
    const totals = served.map((value) => (sum += value));
    const line = { type: /** @type {const} */ ("line"), name, showSymbol: false, lineStyle: { width: 1.8 } };
    return [
      {
        ...line,
        xAxisIndex: 0,
        yAxisIndex: 0,
        data: shown(offered.map((value) => Math.max(1, value))),
        ...(i === 0 && {
          markLine: {
            ...capacity,
            lineStyle: { color: "#57625f" },
            label: { ...capacity.label, position: "insideEndTop" },
          },
        }),
      },
      { ...line, xAxisIndex: 1, yAxisIndex: 1, data: shown(totals) },
    ];
  }),
});
writeFileSync(new URL("../../docs/images/outbox-storm.svg", import.meta.url), `${chart.renderToSVGString()}\n`);
chart.dispose();
