// The table of docs/bundlers.md: what was seen of each tool in each way, written by the run that has seen it. A run of some of
// them leaves the rows of the others as they were.

import { join } from "node:path";
import { readTable, writeTable } from "../../../scripts/made-tables.mjs";
import { ROOT } from "../../../scripts/package-layout.mjs";
import { commandOf, TOOLS, type Tool, type Way } from "./cases.js";

const PAGE = join(ROOT, "docs/bundlers.md");
const HEAD = ["| | version | by | in Node | to add | host | two tabs |", "|---|---|---|---|---|---|---|"].join("\n");

export const WORKS = "work";

export interface Row {
  readonly version: string;
  readonly node: string;
  readonly hosts: readonly string[];
  /** `WORKS`, or what does not. */
  readonly result: string;
}

const code = (text: string) => (text ? `\`${text}\`` : "");
const first = (tool: Tool, way: Way) => ({ name: tool.name, command: code(commandOf(way)) });
const keyOf = ({ name, command }: ReturnType<typeof first>) => `${name} ${command}`;

/** Of each tool in each way, in the order in which they stand in the table. */
export const KEYS: readonly string[] = TOOLS.flatMap((tool) => tool.ways.map((way) => keyOf(first(tool, way))));

/** What the documentation says now, by what it is said of. */
export const writtenRows = (): ReadonlyMap<string, readonly string[]> =>
  new Map(readTable(PAGE, "matrix").map((cells) => [keyOf({ name: cells[0] ?? "", command: cells[2] ?? "" }), cells]));

export const resultOf = (cells: readonly string[]): string => cells.at(-1) ?? "";

export function writeRow(tool: Tool, way: Way, { version, node, hosts, result }: Row): void {
  const { name, command } = first(tool, way);
  const toAdd = way.line ? code(way.line.text) : "nothing";
  const row = [name, version, command, node, toAdd, hosts.map(code).join(", "), oneLine(result)];
  const rows = new Map(writtenRows()).set(keyOf({ name, command }), row);
  writeTable(
    PAGE,
    "matrix",
    HEAD,
    KEYS.flatMap((key) => [rows.get(key) ?? []]).filter(({ length }) => length > 0),
  );
}

/** As it fits into a cell. */
const oneLine = (text: string) => (text.split("\n", 1)[0] ?? "").replaceAll("|", "/");
