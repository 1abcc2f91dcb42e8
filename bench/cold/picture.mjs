// The stages of a cold start on a time line, those of an earlier build above those of this one, on one scale. Readable on a
// telephone, and in light and dark: it has its own ground.

import { escaped, framed, LEFT, WIDTH } from "../picture.mjs";

const NAMES = 128;
const RIGHT = WIDTH - 44;
const TOP = 62;
const ROW = 20;
const BAR = 10;

/** @param {{ title: string, stages: readonly import("./stages.mjs").Stage[] }[]} lines */
export function timeLineOf(lines) {
  const end = Math.max(...lines.flatMap(({ stages }) => stages.map(({ to }) => to)));
  const placeOf = (/** @type {number} */ ms) => NAMES + ((RIGHT - NAMES) * ms) / end;
  const step = [5, 10, 20, 50, 100, 200, 500].find((ms) => end / ms <= 6) ?? 1_000;
  const scale = Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
  let y = TOP;
  const parts = lines.map(({ title, stages }) => {
    const head = `<text class="head" x="${LEFT}" y="${y + 12}">${escaped(title)}</text>`;
    y += 22;
    const rows = stages.map(({ name, from, to }) => {
      const x = placeOf(from);
      const row = `<text class="small" x="${LEFT}" y="${y + 9}">${escaped(name)}</text>
<rect class="${name === "in all" ? "missed" : "met"}" x="${x.toFixed(1)}" y="${y}" width="${Math.max(1.5, placeOf(to) - x).toFixed(1)}" height="${BAR}" rx="1.5"/>
<text class="small" x="${(placeOf(to) + 4).toFixed(1)}" y="${y + 9}">${(to - from).toFixed(1)}</text>`;
      y += ROW;
      return row;
    });
    y += 10;
    return [head, ...rows].join("\n");
  });
  const title = "From the call to the first durable message";
  const summary = lines
    .map(
      ({ title, stages }) =>
        `${title}: ${stages.map(({ name, from, to }) => `${name} ${from.toFixed(1)} to ${to.toFixed(1)}`).join(", ")}`,
    )
    .join("; ");
  const marks = scale.map(
    (ms) => `<text class="small" x="${placeOf(ms)}" y="${TOP - 8}" text-anchor="middle">${ms}</text>
<path class="grid" d="M${placeOf(ms)} ${TOP}V${y}"/>`,
  );
  const about = "Milliseconds; medians. Stages run beside each other.";
  return framed({ title, about, summary, height: y }, [...marks, ...parts]);
}
