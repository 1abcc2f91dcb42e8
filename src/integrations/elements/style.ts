// The looks that elements share. Colours are mixed from the text's own, so that they fit any page, light or dark; whoever wants
// others sets the custom properties. Where the system forces its colours, borders that are not seen otherwise tell things apart.

export const SHARED_STYLE = `
:host {
  --_accent: var(--originmq-accent, color-mix(in srgb, #0b6b5d 62%, currentColor));
  --_danger: var(--originmq-danger, color-mix(in srgb, #c0281f 62%, currentColor));
  --_muted: var(--originmq-muted, color-mix(in srgb, currentColor 72%, transparent));
  --_surface: var(--originmq-surface, color-mix(in srgb, currentColor 6%, transparent));
  --_line: var(--originmq-line, color-mix(in srgb, currentColor 45%, transparent));
  --_radius: var(--originmq-radius, 8px);
  --_gap: var(--originmq-gap, 8px);
  display: block;
  line-height: 1.4;
  overflow-wrap: anywhere;
}
:host([hidden]), [hidden] { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
p, ul, [role="heading"] { margin: 0; padding: 0; }
button {
  min-height: 32px;
  padding: 4px 12px;
  border: 1px solid var(--_line);
  border-radius: var(--_radius);
  background: transparent;
  color: inherit;
  font: inherit;
  cursor: pointer;
}
button:hover { background: var(--_surface); }
button[part~="primary"] { border-color: var(--_accent); color: var(--_accent); font-weight: 600; }
button[part~="danger"] { border-color: var(--_danger); color: var(--_danger); }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
.unseen {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
`;

/** Of a bar of this colour over this track: an engine's own is full to the eye where it is empty, in a dark page. */
export const progressStyle = (fill: string, track: string): string => `
progress { appearance: none; border: 0; border-radius: 4px; background: ${track}; overflow: hidden; }
progress::-webkit-progress-bar { background: none; }
progress::-webkit-progress-value { background: ${fill}; }
progress::-moz-progress-bar { background: ${fill}; }
@media (forced-colors: active) {
  progress { border: 1px solid CanvasText; }
  progress::-webkit-progress-value { forced-color-adjust: none; background: Highlight; }
  progress::-moz-progress-bar { forced-color-adjust: none; background: Highlight; }
}
`;

/** A style sheet for every shadow root of its kind. */
export function sheetOf(text: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}
