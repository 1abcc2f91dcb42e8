// The looks of the outbox element.

import { progressStyle } from "../elements/style.js";

export const OUTBOX_STYLE = `
[part~="base"] { display: grid; gap: calc(var(--_gap) * 2); }
[part~="header"] { display: grid; gap: var(--_gap); }
[part~="summary"] { font-weight: 600; }
[part~="network"] { color: var(--_danger); }
[part~="notice"]:not(:empty) { padding: var(--_gap) calc(var(--_gap) * 1.5); border: 1px solid var(--_line); border-radius: var(--_radius); }
${progressStyle("var(--_accent)", "color-mix(in srgb, currentColor 20%, transparent)")}
progress { width: 100%; height: 8px; }
[part~="section"] { display: grid; gap: var(--_gap); }
[part~="heading"] { display: flex; flex-wrap: wrap; gap: var(--_gap); align-items: center; justify-content: space-between; }
[part~="heading"] [role="heading"] { font-weight: 600; }
[part~="list"] { display: grid; gap: var(--_gap); list-style: none; }
[part~="item"] {
  display: grid;
  gap: 4px;
  padding: var(--_gap) calc(var(--_gap) * 1.5);
  border: 1px solid transparent;
  border-radius: var(--_radius);
  background: var(--_surface);
}
[part~="item"] > p:first-child { font-weight: 600; }
[part~="detail"], [part~="state"] { color: var(--_muted); font-size: 0.93em; }
[part~="reason"] { color: var(--_danger); font-size: 0.93em; }
[part~="answer"] { font-size: 0.93em; font-style: italic; }
[part~="actions"] { display: flex; flex-wrap: wrap; gap: var(--_gap); align-items: center; margin-block-start: 4px; }
[part~="question"] p { flex: 1 0 100%; }
[part~="more"] { justify-self: start; }
/* Whatever is written in it, a row begins where the page's rows begin. */
[dir="auto"] { text-align: -webkit-match-parent; text-align: match-parent; }
[part~="empty"] { color: var(--_muted); }
dialog {
  inline-size: min(34rem, calc(100vw - 24px));
  max-block-size: calc(100dvh - 24px);
  padding: calc(var(--_gap) * 2);
  border: 1px solid var(--_line);
  border-radius: var(--_radius);
  background: var(--originmq-dialog, Canvas);
  color: var(--originmq-dialog-ink, CanvasText);
}
[role="alert"]:empty { display: none; }
dialog[open] { display: grid; gap: calc(var(--_gap) * 2); }
dialog::backdrop { background: color-mix(in srgb, black 45%, transparent); }
`;
