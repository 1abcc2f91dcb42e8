// One plot of the last two minutes: its title, its readings as text, its canvas. Colours come from the style sheet, so
// that they follow the theme.

import uPlot from "uplot";
import { h, setText } from "./dom.js";
import { type Sample, WINDOW_S } from "./series.js";

export interface PlotLine {
  readonly label: string;
  /** A custom property, as in `--ready`. */
  readonly colour: string;
  value(sample: Sample): number | null;
}

export interface PlotSpec {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly PlotLine[];
  /** A value for its axis, short. */
  axis(value: number): string;
  /** A value for people, with its unit. */
  words(value: number): string;
  /** The axis reaches at least this far. */
  readonly atLeast: number;
}

export interface Plot {
  show(samples: readonly Sample[]): void;
  /** The theme has changed. */
  repaint(): void;
}

const HEIGHT = 170;

export function createPlot(figure: HTMLElement, spec: PlotSpec): Plot {
  const outputs = spec.lines.map(() => h("output", {}, "–"));
  const readings = spec.lines.map(({ label, colour }, i) =>
    h(
      "span",
      { class: "reading" },
      h("i", { style: `--series: var(${colour})` }),
      `${label} `,
      outputs[i] as HTMLElement,
    ),
  );
  const canvas = h("div", { class: "canvas", role: "img", "aria-label": `${spec.title}, the last two minutes` });
  figure.append(h("figcaption", {}, h("b", {}, spec.title), ...readings), canvas);

  let samples: readonly Sample[] = [];
  const colours = createColours(figure);
  const plot = new uPlot(optionsOf(spec, colours, canvas.clientWidth, read), [[]], canvas);
  new ResizeObserver(() => plot.setSize({ width: canvas.clientWidth, height: HEIGHT })).observe(canvas);

  /** The values under the cursor, else the newest. */
  function read(): void {
    const sample = samples[plot.cursor.idx ?? samples.length - 1];
    spec.lines.forEach(({ value }, i) => {
      const known = sample && value(sample);
      setText(outputs[i] as HTMLElement, known === undefined || known === null ? "–" : spec.words(known));
    });
  }

  return {
    show(next) {
      samples = next;
      const now = next.at(-1)?.at ?? 0;
      const seconds = next.map(({ at }) => (at - now) / 1_000);
      plot.setData([seconds, ...spec.lines.map(({ value }) => next.map(value))]);
      read();
    },
    repaint() {
      colours.forget();
      plot.redraw(false, true);
    },
  };
}

interface Colours {
  get(property: string): string;
  forget(): void;
}

/** A canvas needs colours resolved; custom properties of the theme are not. */
function createColours(near: HTMLElement): Colours {
  const known = new Map<string, string>();
  return {
    get(property) {
      const colour = known.get(property) ?? resolve(near, property);
      known.set(property, colour);
      return colour;
    },
    forget: () => known.clear(),
  };
}

function resolve(near: HTMLElement, property: string): string {
  const probe = h("span", { style: `color: var(${property})`, hidden: "" });
  near.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** 0, 10, 100 and so on up to `max`; the first of them only where there is room for its label. */
function decades(max: number): number[] {
  const splits = [0];
  for (let split = max > 1_000 ? 100 : 10; split <= max; split *= 10) splits.push(split);
  return splits;
}

function optionsOf(spec: PlotSpec, colours: Colours, width: number, onCursor: () => void): uPlot.Options {
  const font = "12px 'Figtree Variable', system-ui, sans-serif";
  const axis = {
    font,
    labelFont: font,
    stroke: () => colours.get("--muted"),
    grid: { stroke: () => colours.get("--grid"), width: 1 },
    ticks: { show: false },
  };
  const ago = (s: number) => (s === 0 ? "now" : `${-s} s ago`);
  return {
    width: Math.max(width, 100),
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 }, y: false },
    padding: [8, 18, 0, 0],
    hooks: { setCursor: [onCursor] },
    scales: {
      x: { time: false, range: () => [-WINDOW_S, 0] },
      // Logarithmic above ten, so that a file of 10,000 lines does not flatten all the rest; linear below, for zero.
      y: { distr: 4, asinh: 10, range: (_, _min, max) => [0, Math.max(max * 1.5, spec.atLeast)] },
    },
    axes: [
      {
        ...axis,
        size: 26,
        gap: 6,
        splits: ({ width }) => (width < 340 ? [-120, -60, 0] : [-120, -90, -60, -30, 0]),
        values: (_, all) => all.map(ago),
      },
      {
        ...axis,
        size: 50,
        gap: 6,
        label: spec.unit,
        labelSize: 18,
        splits: (plot) => decades(plot.scales.y?.max ?? 0),
        filter: (_, all) => all,
        values: (_, all) => all.map((value) => spec.axis(value)),
      },
    ],
    series: [
      {},
      ...spec.lines.map(({ label, colour }) => ({
        label,
        stroke: () => colours.get(colour),
        width: 2,
        points: { show: false },
        spanGaps: false,
      })),
    ],
  };
}
