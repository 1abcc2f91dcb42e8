// How the inspector looks. Every colour has its light and its dark value here and nowhere else; a page may replace those
// that are custom properties, and follows with its own `color-scheme`.

import { progressStyle } from "../elements/style.js";

export const STYLE = `
:host {
  --paper: var(--originmq-paper, light-dark(#f6f5f0, #0f1416));
  --surface: var(--originmq-surface, light-dark(#fefdfa, #171e21));
  --sunken: light-dark(#f1efe8, #10171a);
  --line: light-dark(#e2dfd5, #28333a);
  --line-strong: light-dark(#85897f, #728086);
  --ink: var(--originmq-ink, light-dark(#1b2326, #e7eeed));
  --muted: light-dark(#57625f, #9fadb1);
  --accent: var(--originmq-accent, light-dark(#0b6b5d, #5fd3ba));
  --accent-soft: light-dark(#dcece6, #15332f);
  --accent-ink: light-dark(#ffffff, #06231d);
  --ready: light-dark(#2a5bbf, #86aefc);
  --delayed: light-dark(#8a5800, #ecb552);
  --leased: light-dark(#7a3aa8, #cd9cf5);
  --blocked: light-dark(#5c6a67, #a3b1b4);
  --dead: light-dark(#b02f2a, #ff8f86);
  --dead-soft: light-dark(#fae5e1, #3a1f1f);
  --dead-ink: light-dark(#ffffff, #2a0c0a);
  --sans: var(--originmq-font, system-ui, sans-serif);
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "Noto Sans Mono", "DejaVu Sans Mono", monospace;
  color: var(--ink);
  /* It speaks English, in every page. */
  direction: ltr;
  text-align: start;
  font: 400 14px / 1.45 var(--sans);
  font-variant-numeric: tabular-nums;
  scrollbar-color: var(--line-strong) transparent;
}
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
:host([inline]) { display: block; block-size: 640px; }
:host([hidden]) { display: none; }
*, *::before, *::after { box-sizing: border-box; }
[hidden][hidden] { display: none; }

.launcher {
  position: fixed;
  inset: auto 16px 16px auto;
  z-index: 2147483000;
  padding: 9px 16px;
  border: 1px solid var(--line-strong);
  border-radius: 22px;
  background: var(--surface);
  box-shadow: 0 2px 10px #0003;
  color: var(--ink);
  font: 600 14px / 1.3 var(--sans);
  cursor: pointer;
}
.launcher::before {
  content: "";
  display: inline-block;
  inline-size: 9px;
  block-size: 9px;
  margin-inline-end: 8px;
  border: 2px solid var(--accent);
  border-radius: 50%;
}

.panel {
  display: flex;
  flex-direction: column;
  /* Not hidden: what is said stays in sight also where the panel is taller than the window. */
  overflow: clip;
  background: var(--surface);
  container: panel / inline-size;
}
:host(:not([inline])) .panel {
  position: fixed;
  inset: auto 0 0;
  z-index: 2147483000;
  block-size: min(72dvh, 660px);
  border-block-start: 1px solid var(--line-strong);
  border-start-start-radius: 14px;
  border-start-end-radius: 14px;
  box-shadow: 0 -8px 40px #0003;
}
:host([inline]) .panel {
  position: relative;
  block-size: 100%;
  border: 1px solid var(--line);
  border-radius: 14px;
}
.beginning { gap: 12px; padding: 16px; overflow: auto; }
.beginning > * { margin: 0; }
.refused { margin: 0; padding: 16px; background: var(--dead-soft); color: var(--dead); }

.head {
  display: flex;
  flex-wrap: wrap;
  gap: 4px 12px;
  align-items: center;
  padding: 10px 16px 0;
  border-block-end: 1px solid var(--line);
}
h2, h3, h4 { margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2, h3 { font-size: 17px; font-weight: 650; }
.head h2 { font-size: 15px; }
h3:focus, h4:focus { outline: none; }
h4 { margin-block-end: 8px; color: var(--muted); font-size: 12.5px; font-weight: 600; letter-spacing: 0; }
.title { margin-block-end: 8px; color: var(--ink); font-size: 14px; font-weight: 650; }
.card .note { margin: 0; }
.card h4 { margin: 12px 0 2px; }
.card .title .note { font-weight: 400; letter-spacing: 0; }
.lines li { display: grid; }
.head > .button { margin-block-end: 8px; }
.head > .badge { margin-inline-end: auto; }

.tabs { display: flex; gap: 2px; align-self: end; overflow-x: auto; scrollbar-width: none; }
.head .tabs { order: 0; }
[role="tab"] {
  flex: none;
  min-block-size: 38px;
  padding: 6px 10px 8px;
  border: 0;
  border-block-end: 2px solid transparent;
  background: none;
  color: var(--muted);
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
[role="tab"]:hover { color: var(--ink); }
[role="tab"][aria-selected="true"] { border-color: var(--accent); color: var(--ink); }
[role="tab"] .number { margin-inline-start: 6px; color: var(--muted); font-weight: 400; }
.tabpanel { flex: 1; min-block-size: 0; overflow: auto; }
.page, .stack { display: grid; gap: 18px; padding: 16px; align-content: start; }
.stack { padding: 0; }

.badge {
  padding: 1px 9px;
  border: 1px solid var(--line);
  border-radius: 20px;
  color: var(--muted);
  font-size: 12.5px;
  font-weight: 500;
  white-space: nowrap;
}
.badge.on { border-color: transparent; background: var(--accent-soft); color: var(--accent); }
.badge.warn { border-color: transparent; background: var(--dead-soft); color: var(--dead); }
.note, .empty { margin: 6px 0 0; color: var(--muted); font-size: 13px; }
.empty { padding: 28px 16px; text-align: center; }
.figure { font-weight: 600; }

.button, select, input, textarea {
  min-block-size: 34px;
  padding: 5px 12px;
  border: 1px solid var(--line-strong);
  border-radius: 8px;
  background: var(--surface);
  color: inherit;
  font: inherit;
}
.button { font-weight: 600; white-space: nowrap; cursor: pointer; }
.button:hover:not([aria-disabled=true]) { border-color: var(--accent); background: var(--accent-soft); }
.button[aria-disabled=true] { border-color: var(--line); color: var(--muted); cursor: default; }
.button.quiet, .acts .button:not(:hover) { border-color: var(--line); background: none; }
.button.primary { border-color: var(--accent); background: var(--accent); color: var(--accent-ink); }
.button.danger { color: var(--dead); }
.button.danger:hover:not([aria-disabled=true]) { border-color: var(--dead); background: var(--dead-soft); }
.button.danger.sure { border-color: var(--dead); background: var(--dead); color: var(--dead-ink); }
.choose { padding: 2px 0; border: 0; background: none; color: inherit; font: inherit; font-weight: 600; text-align: start; cursor: pointer; overflow-wrap: anywhere; }
.choose:hover { color: var(--accent); text-decoration: underline; text-underline-offset: 3px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
[role="tab"]:focus-visible, .scroll:focus-visible { outline-offset: -2px; }

.scroll { overflow-x: auto; border-radius: 6px; }
table { inline-size: 100%; border-collapse: collapse; }
thead th { padding: 6px 10px; border-block-end: 1px solid var(--line); color: var(--muted); font-size: 12.5px; font-weight: 500; text-align: start; white-space: nowrap; }
tbody th, td { padding: 7px 10px; border-block-end: 1px solid var(--line); font-weight: 400; text-align: start; vertical-align: baseline; white-space: nowrap; }
tbody tr:last-child > * { border-block-end-color: transparent; }
th.number, td.number { text-align: end; }
td.nothing { color: var(--muted); opacity: 0.75; }
td.cut { max-inline-size: 260px; overflow: hidden; text-overflow: ellipsis; font-family: var(--mono); font-size: 12.5px; }
code, pre { font-family: var(--mono); font-size: 12.5px; }

.queues { display: grid; grid-template-columns: minmax(0, 1fr); block-size: 100%; }
.list, .detail { min-block-size: 0; overflow: auto; }
.list { padding: 6px 6px 12px; container: list / inline-size; }
.list tbody th.name { position: relative; min-inline-size: 130px; white-space: normal; }
.list tbody tr { position: relative; }
.list tbody td { vertical-align: top; }
.list .choose::after { content: ""; position: absolute; inset: 0; }
.list tbody tr:hover { background: var(--sunken); }
.list tbody tr.selected { background: var(--accent-soft); }
.list .badge { margin-inline-start: 8px; }
.mix { display: flex; gap: 1px; inline-size: min(100%, 200px); block-size: 4px; margin-block-start: 5px; overflow: hidden; border-radius: 2px; background: var(--sunken); }
.mix span { flex: 0 0 0px; background: var(--state); }
.mix.none { background: var(--line); opacity: 0.6; }
.ready { --state: var(--ready); }
.delayed { --state: var(--delayed); }
.leased { --state: var(--leased); }
.blocked { --state: var(--blocked); }
.dead { --state: var(--dead); }
@container list (max-width: 1040px) { .wide { display: none; } }
@container list (max-width: 560px) { .list .some { display: none; } }

.detail > header { display: flex; flex-wrap: wrap; gap: 10px; align-items: center; padding: 14px 18px 6px; }
.detail > header .badge { margin-inline-end: auto; }
.detail > header h3:has(+ .badge[hidden]) { margin-inline-end: auto; }
.detail > header .acts { flex: 1 0 100%; margin: 0; }
.detail > .tabs { padding-inline: 10px; border-block-end: 1px solid var(--line); }
.detail > .tabpanel { overflow: visible; }
.acts { display: flex; flex-wrap: wrap; gap: 8px; margin-inline-start: auto; }
.overview { display: grid; gap: 22px; padding: 18px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(88px, 1fr)); gap: 4px; margin: 0; }
.tiles dt { color: var(--muted); font-size: 12.5px; white-space: nowrap; }
.tiles dt::before { content: ""; display: inline-block; inline-size: 8px; block-size: 8px; margin-inline-end: 6px; border-radius: 50%; background: var(--state); }
.tiles dd { margin: 0; font-size: 22px; font-weight: 650; line-height: 1.25; letter-spacing: -0.02em; }
.depth { display: grid; gap: 4px; }
.spark { inline-size: 100%; block-size: 44px; fill: none; stroke: var(--ready); stroke-width: 1.5; overflow: visible; }
.spark path { vector-effect: non-scaling-stroke; }
.spark .area { fill: var(--ready); stroke: none; opacity: 0.1; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 10px 16px; margin: 0; }
.facts dt { color: var(--muted); font-size: 12.5px; }
.facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.facts + .meters { margin-block-start: 16px; }
.meters { display: grid; gap: 10px; }
.meter { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 3px 12px; }
.meter > span:first-child { color: var(--muted); }
.bar { grid-column: 1 / -1; block-size: 5px; overflow: hidden; border-radius: 3px; background: var(--sunken); box-shadow: inset 0 0 0 1px var(--line); }
.bar span { display: block; inline-size: 0; block-size: 100%; border-radius: 3px; background: var(--accent); }
.meter.near .bar span { background: var(--dead); }
.meter.near .figure { color: var(--dead); }

.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 12px; margin: 0; padding: 0; list-style: none; }
.card { padding: 12px 14px; border: 1px solid var(--line); border-radius: 10px; }
.card h3 { display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: center; margin: 0; }
.lines { display: grid; gap: 2px; margin: 0; padding: 0; list-style: none; }
.lines span { color: var(--muted); }

.messages { padding: 12px 18px 16px; }
.toolbar { display: flex; flex-wrap: wrap; gap: 8px; }
.travel input[type="range"] { padding: 0; border: 0; accent-color: var(--accent); }
td.changed { color: var(--accent); font-weight: 600; }
.found { align-items: center; min-block-size: 34px; margin-block-start: 6px; }
.found .note { margin: 0; flex: 1 1 200px; }
${progressStyle("var(--accent)", "var(--line)")}
.found progress { inline-size: 120px; block-size: 6px; }
th.mono { font-family: var(--mono); font-size: 12.5px; }
.visually-hidden { position: absolute; inline-size: 1px; block-size: 1px; min-block-size: 0; overflow: hidden; clip-path: inset(50%); padding: 0; }
.toolbar input { flex: 1 1 160px; min-inline-size: 0; }
.filter { align-items: center; }
.filter input { max-inline-size: 320px; }
.filter .note { margin: 0; }
.list > .filter { padding: 6px 10px; }
.vlist { margin-block-start: 4px; block-size: 420px; overflow: auto; border: 1px solid var(--line); border-radius: 8px; }
.vheads { position: sticky; inset-block-start: 0; z-index: 1; background: var(--surface); border-block-end: 1px solid var(--line); }
.vcanvas { position: relative; overflow: hidden; }
.vrow { display: flex; gap: 14px; align-items: center; block-size: 34px; padding-inline: 12px; white-space: nowrap; }
.vcanvas .vrow { position: absolute; inset-inline: 0; contain: strict; cursor: pointer; }
.vcanvas .vrow:hover { background: var(--sunken); }
.vlist:focus .vrow.active, .vlist:focus-visible .vrow.active { background: var(--accent-soft); }
.vlist:focus-visible { outline-offset: 1px; }
.vhead { color: var(--muted); font-size: 12.5px; }
.vrow > * { flex: 0 0 86px; overflow: hidden; text-overflow: ellipsis; }
.vrow > .grow { flex: 1 1 0; }
.vrow > .number { flex-basis: 52px; text-align: end; }
.vcanvas .mono { font-family: var(--mono); font-size: 12.5px; }
.vrow.unread { color: var(--muted); }
.message { display: grid; gap: 20px; }
.message > header { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; }
.message > header h4 { margin: 0; }
.state { color: var(--state); font-weight: 600; }
.state::before { content: ""; display: inline-block; inline-size: 8px; block-size: 8px; margin-inline-end: 6px; border-radius: 50%; background: currentcolor; }
.history { display: grid; gap: 4px; margin: 0; padding: 0; list-style: none; }
.history li { display: grid; grid-template-columns: 150px minmax(0, 1fr); gap: 12px; }
.history time { color: var(--muted); }
.history span, td.wraps { overflow-wrap: anywhere; white-space: normal; }
td.wraps { min-inline-size: 140px; }
.tree { font-family: var(--mono); font-size: 12.5px; overflow-wrap: anywhere; }
.tree details > :not(summary) { margin-inline-start: 18px; }
.tree summary { cursor: pointer; }
.tree .kind, .tree details[open] > summary > .glance, .tree .glance { color: var(--muted); }
.tree details[open] > summary > .glance { display: none; }
.tree .key { color: var(--accent); }
.tree .text { color: var(--ink); }
.tree .number, .tree .bigint, .tree .boolean { color: var(--ready); }
.tree .binary, .tree .date { color: var(--leased); }
.preview { display: block; max-inline-size: min(100%, 320px); max-block-size: 240px; margin-block: 6px; border: 1px solid var(--line); border-radius: 6px; }

dialog { inline-size: min(520px, calc(100vw - 32px)); max-block-size: calc(100dvh - 32px); padding: 20px 22px; border: 1px solid var(--line-strong); border-radius: 14px; background: var(--surface); color: var(--ink); box-shadow: 0 12px 60px #0005; }
dialog::backdrop { background: #0006; }
dialog form { display: grid; gap: 12px; }
dialog p { margin: 0; color: var(--muted); }
.field { display: grid; gap: 4px; }
.field label { font-weight: 600; }
.field .note { margin: 0; }
textarea { font-family: var(--mono); font-size: 12.5px; resize: vertical; }
dialog .wrong:empty { display: none; }
dialog .wrong { color: var(--dead); overflow-wrap: anywhere; }
.buttons { display: flex; flex-wrap: wrap; gap: 8px; justify-content: end; }

.saying { position: sticky; inset-block-end: 0; z-index: 3; flex: none; display: grid; justify-items: center; pointer-events: none; }
.saying > * { margin: 4px 12px 12px; }
.said:empty, .problems:empty { display: none; }
.said, .problem { display: flex; gap: 14px; align-items: center; max-inline-size: 640px; padding: 6px 8px 6px 16px; border: 1px solid var(--line-strong); border-radius: 10px; background: var(--surface); box-shadow: 0 4px 18px #0003; pointer-events: auto; }
.said p, .problem p { margin: 0; padding-block: 4px; overflow-wrap: anywhere; }
.problems { display: grid; gap: 8px; }
.problem { border-color: var(--dead); background: var(--dead-soft); }

@container panel (min-width: 900px) {
  .queues.chosen { grid-template-columns: minmax(0, 5fr) minmax(0, 7fr); }
  .queues.chosen .detail { border-inline-start: 1px solid var(--line); }
}
@container panel (max-width: 899.9px) {
  .queues.chosen .list { display: none; }
}
@container panel (max-width: 760px) {
  .head .tabs { order: 1; flex: 1 0 100%; flex-wrap: wrap; }
  .head > .button { margin-block-end: 0; }
}
@container panel (max-width: 620px) {
  .head { padding-inline: 10px; }
  .page, .overview { padding: 14px 12px; }
  .detail > header { padding-inline: 12px; }
  .acts { margin-inline-start: 0; }
  .messages { padding-inline: 12px; }
  .history li { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .vrow .some { display: none; }
  .vrow { gap: 10px; }
  .vrow > .mono:not(.grow) { flex-basis: 62px; }
  .vrow > .number { flex-basis: 40px; }
}
@media (max-width: 480px) {
  :host(:not([inline])) .panel { inset: 0; block-size: 100dvh; border-radius: 0; }
}
@media (forced-colors: active) {
  .bar span, .mix span, .tiles dt::before { forced-color-adjust: none; background: CanvasText; }
  .mix span { border-inline-end: 1px solid Canvas; }
  .bar, .mix { border: 1px solid CanvasText; }
  .spark { stroke: CanvasText; }
  .button[aria-disabled=true] { color: GrayText; border-color: GrayText; }
  [role="tab"] { border-color: Canvas; }
  [role="tab"][aria-selected="true"] { border-color: Highlight; }
  .list tbody tr.selected { outline: 2px solid Highlight; outline-offset: -2px; }
}
`;
