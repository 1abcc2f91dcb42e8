// The three plots: what comes and goes, how much there is, how long it takes.

import { byId } from "./dom.js";
import { duration, shortCount } from "./format.js";
import { createPlot, type Plot } from "./plot.js";
import type { Series } from "./series.js";

export interface Plots {
  show(series: Series): void;
  repaint(): void;
}

export function createPlots(): Plots {
  const all: Plot[] = [
    createPlot(byId("plot-rate"), {
      title: "Rate",
      unit: "messages/s, log",
      lines: [
        { label: "arriving", colour: "--ready", value: (sample) => sample.arrivals },
        { label: "done", colour: "--done", value: (sample) => sample.services },
      ],
      axis: shortCount,
      words: (n) => `${shortCount(n)}/s`,
      atLeast: 100,
    }),
    createPlot(byId("plot-depth"), {
      title: "Depth",
      unit: "messages, log",
      lines: [
        { label: "ready", colour: "--ready", value: (sample) => sample.ready },
        { label: "delayed", colour: "--delayed", value: (sample) => sample.delayed },
        { label: "in work", colour: "--leased", value: (sample) => sample.leased },
      ],
      axis: shortCount,
      words: shortCount,
      atLeast: 100,
    }),
    createPlot(byId("plot-wait"), {
      title: "Time per message, mean",
      unit: "time, log",
      lines: [
        { label: "waiting", colour: "--delayed", value: (sample) => sample.waitMs },
        { label: "in work", colour: "--leased", value: (sample) => sample.serviceMs },
      ],
      axis: (ms) => duration(ms).replace(".0 ", " "),
      words: duration,
      atLeast: 100,
    }),
  ];
  return {
    show({ samples }) {
      for (const plot of all) plot.show(samples);
    },
    repaint() {
      for (const plot of all) plot.repaint();
    },
  };
}
