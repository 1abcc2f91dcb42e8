// What was measured against what was asked, as a picture: a bar a row, to the right of a line where a target is met, to the
// left where it is missed, on a scale of doublings. Readable on a telephone, and in light and dark: it has its own ground.

/**
 * @typedef {object} Row
 * @property {string} what
 * @property {number} value
 * @property {number} target
 * @property {boolean | undefined} [isAtMost]
 * @property {string} says the value and the target, as text
 */

export const WIDTH = 400;
export const LEFT = 12;
/** Of the bars. What is written beside them stands to the right. */
const RIGHT = 250;
const MIDDLE = (LEFT + RIGHT) / 2;
const TOP = 66;
const ROW = 40;
const BAR = 10;
/** More is drawn as so much. */
const DOUBLINGS_MAX = 2;
const SCALE = Array.from({ length: 2 * DOUBLINGS_MAX + 1 }, (_, i) => i - DOUBLINGS_MAX);
const STEP = (RIGHT - LEFT) / 2 / DOUBLINGS_MAX;

const SVG_STYLE = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
  .small { font-size: 11px; fill: #59636e; }
  .head { font-size: 14px; font-weight: 600; }
  .ground { fill: #ffffff; stroke: #d1d9e0; }
  .grid { stroke: #d1d9e0; stroke-dasharray: 2 3; }
  .asked { stroke: #1f2328; stroke-width: 1.5; }
  .met { fill: #1a7f5a; }
  .missed { fill: #c4530a; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .small { fill: #a5afb9; }
    .ground { fill: #0d1117; stroke: #3d444d; }
    .grid { stroke: #3d444d; }
    .asked { stroke: #f0f6fc; }
    .met { fill: #3fb985; }
    .missed { fill: #f0883e; }
  }`;

/** @param {string} text */
export const escaped = (text) => text.replace(/[&<>]/g, (one) => `&#${one.charCodeAt(0)};`);

/**
 * What every picture has: its ground, a title and a line below it, and what it shows as text for who cannot see it.
 * @param {{ title: string, about: string, summary: string, height: number }} head
 * @param {readonly string[]} parts
 * @returns {string} an SVG
 */
export function framed({ title, about, summary, height }, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title summary">
<title id="title">${escaped(title)}</title>
<desc id="summary">${escaped(summary)}</desc>
<style>${SVG_STYLE}
</style>
<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>
<text class="head" x="${LEFT}" y="22">${escaped(title)}</text>
<text class="small" x="${LEFT}" y="39">${escaped(about)}</text>
${parts.join("\n")}
</svg>
`;
}

/** @param {string} title @param {string} about @param {readonly Row[]} rows @returns {string} an SVG */
export function pictureOf(title, about, rows) {
  const height = TOP + ROW * rows.length + 4;
  const summary = rows.map(({ what, says }) => `${what}: ${says}`).join("; ");
  const bars = rows.map((row, i) => bar(row, TOP + ROW * i));
  return framed({ title, about, summary, height }, [...SCALE.map(scaleOf), ...bars]);
}

/** @param {number} doublings */
const placeOf = (doublings) => MIDDLE + STEP * doublings;

/** @param {number} doublings */
function scaleOf(doublings) {
  const name = doublings === 0 ? "asked" : doublings > 0 ? `${2 ** doublings} ×` : `1/${2 ** -doublings}`;
  const anchor = { [-DOUBLINGS_MAX]: "start", [DOUBLINGS_MAX]: "end" }[doublings] ?? "middle";
  return `<text class="small" x="${placeOf(doublings)}" y="${TOP - 8}" text-anchor="${anchor}">${name}</text>`;
}

/** Behind the bar only: what is written above it is not crossed out. @param {number} doublings @param {number} y */
const gridLine = (doublings, y) =>
  `<path class="${doublings === 0 ? "asked" : "grid"}" d="M${placeOf(doublings)} ${y + 17}v${BAR + 4}"/>`;

/** @param {Row} row @param {number} y */
function bar({ what, value, target, isAtMost, says }, y) {
  const doublings = Math.log2(isAtMost ? target / value : value / target);
  const length = STEP * Math.min(DOUBLINGS_MAX, Math.abs(doublings));
  const x = doublings < 0 ? MIDDLE - length : MIDDLE;
  const isMet = doublings >= 0;
  return `<text x="${LEFT}" y="${y + 12}">${escaped(what)}</text>
${SCALE.map((at) => gridLine(at, y)).join("")}
<rect class="${isMet ? "met" : "missed"}" x="${x.toFixed(1)}" y="${y + 19}" width="${Math.max(1.5, length).toFixed(1)}" height="${BAR}" rx="1.5"/>
<text class="small" x="${RIGHT + 10}" y="${y + 28}">${escaped(says)}${isMet ? "" : ", missed"}</text>`;
}
