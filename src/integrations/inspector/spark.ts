// A line of the last two minutes, drawn when it is seen; its figures stand beside it.

const SVG = "http://www.w3.org/2000/svg";
const SAMPLES_MAX = 120;
const WIDTH = 240;
const HEIGHT = 40;

export function createSpark(label: string) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("class", "spark");
  const area = document.createElementNS(SVG, "path");
  area.setAttribute("class", "area");
  const line = document.createElementNS(SVG, "path");
  svg.append(area, line);
  return {
    element: svg,
    show(samples: readonly number[]) {
      const max = Math.max(1, ...samples);
      const step = WIDTH / (SAMPLES_MAX - 1);
      const left = WIDTH - (samples.length - 1) * step;
      const points = samples.map((n, i) => `${left + i * step} ${HEIGHT - 1 - (n / max) * (HEIGHT - 3)}`);
      const path = points.length > 1 ? `M${points.join("L")}` : "";
      line.setAttribute("d", path);
      area.setAttribute("d", path && `${path}L${WIDTH} ${HEIGHT}L${left} ${HEIGHT}Z`);
      svg.setAttribute("aria-label", `${label}, the last two minutes: at most ${Math.max(0, ...samples)}`);
    },
  };
}

/** The last two minutes of a figure, by name. */
export function createHistories() {
  const byName = new Map<string, number[]>();
  return {
    of: (name: string): readonly number[] => byName.get(name) ?? [],
    note(figures: ReadonlyMap<string, number>) {
      for (const name of byName.keys()) if (!figures.has(name)) byName.delete(name);
      for (const [name, figure] of figures) {
        const known = byName.get(name) ?? [];
        byName.set(name, known);
        known.push(figure);
        if (known.length > SAMPLES_MAX) known.shift();
      }
    },
  };
}
export type Histories = ReturnType<typeof createHistories>;
