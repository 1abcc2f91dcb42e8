// Tables of the documentation that a command makes: they stand between `<!-- name -->` and `<!-- /name -->`, which nothing
// else writes.

import { readFileSync, writeFileSync } from "node:fs";

const between = (/** @type {string} */ name) => new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- /${name} -->)`);

/**
 * The cells of each row, without the head.
 * @param {string} file @param {string} name
 */
export function readTable(file, name) {
  const [, ...rows] = (between(name).exec(readFileSync(file, "utf8"))?.[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| "));
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/**
 * @param {string} file @param {string} name
 * @param {string} head both of its lines
 * @param {readonly (readonly string[])[]} rows
 */
export function writeTable(file, name, head, rows) {
  const lines = [head, ...rows.map((cells) => `| ${cells.join(" | ")} |`), ""];
  const page = readFileSync(file, "utf8");
  writeFileSync(
    file,
    page.replace(between(name), (_, begin, end) => `${begin}${lines.join("\n")}${end}`),
  );
}
