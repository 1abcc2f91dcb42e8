// The titles of tests, as their files say them.

import { existsSync } from "node:fs";
import { ROOT, read } from "./pages.js";

/** Text that is called with, and a function, or options and a function, after it. */
const TITLE = /\(\s*(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`),\s*(?:async\b|\(|\{)/g;
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Of a template, whatever stands in its gaps. */
const patternOf = (template: string): RegExp =>
  new RegExp(
    `^${template
      .split(/\$\{[^}]*\}|%\w|\$\w+/)
      .map(escaped)
      .join(".*")}`,
  );

/** Whether the file has a test whose title begins so. */
export function hasTest(file: string, title: string): boolean {
  if (!existsSync(`${ROOT}${file}`)) return false;
  const titles = [...read(file).matchAll(TITLE)].map(([, text, template]) => text ?? template ?? "");
  return titles.some((one) => one.startsWith(title) || patternOf(one).test(title));
}
