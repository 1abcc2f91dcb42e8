// The pages of the documentation as its tests read them: where they lie, and the blocks of code in them.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");

/** Everything that people read, by path from the root. */
export const PAGES: readonly string[] = [
  ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "SKILL.md"],
  ...["docs", "docs/decisions"].flatMap((folder) =>
    readdirSync(`${ROOT}${folder}`)
      .filter((file) => file.endsWith(".md"))
      .map((file) => `${folder}/${file}`),
  ),
];

export interface Block {
  /** Its page and its number there, from 0: `docs/guide.md#1`. */
  readonly name: string;
  /** What stands behind the language: `runs`, `playground`. */
  readonly flags: readonly string[];
  readonly code: string;
  /** What stands between it and the next heading or block. */
  readonly after: string;
}

/** The blocks of a language, in order. */
export function blocksOf(page: string, language: string): Block[] {
  const blocks = [...read(page).matchAll(/^```(\S+)([^\n]*)\n(.*?)^```$/gms)];
  return blocks
    .filter(([, name]) => name === language)
    .map(([all, , info = "", code = ""], number) => ({
      name: `${page}#${number}`,
      flags: info.trim().split(" ").filter(Boolean),
      code,
      after: all,
    }));
}
