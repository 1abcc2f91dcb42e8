// What a reader wishes to see, as a page is told it: Chromium's driver emulates it, Firefox' does not, and is told by preferences.

export type Preferences = Readonly<Record<string, string | number | boolean>>;

/** Nothing shall move. */
export const STILL: Preferences = { "ui.prefersReducedMotion": 1 };

export const LOOKS = {
  light: [{ colorScheme: "light" }, { "layout.css.prefers-color-scheme.content-override": 1 }],
  dark: [{ colorScheme: "dark" }, { "layout.css.prefers-color-scheme.content-override": 0 }],
  forced: [{ colorScheme: "dark", forcedColors: "active" }, { "browser.display.document_color_use": 2 }],
} as const;
