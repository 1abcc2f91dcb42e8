// The table of docs/frameworks.md: how long a fresh application of each framework took, written by the run that has made it. A run
// of some of them leaves the rows of the others as they were.

import { join } from "node:path";
import { readTable, writeTable } from "../../scripts/made-tables.mjs";
import { ROOT } from "../../scripts/package-layout.mjs";
import { FRAMEWORKS, type Framework, filesOf } from "./samples.js";

const PAGE = join(ROOT, "docs/frameworks.md");
const HEAD = [
  "| | version | to paste | creating and installing | from the start to the first message handled |",
  "|---|---|---|--:|--:|",
].join("\n");

/** What the page promises, and how much of it is for reading and pasting. */
export const PROMISED_S = 5 * 60;
const PASTING_S = 2 * 60;
/** What commands may take, then. */
export const COMMANDS_S = PROMISED_S - PASTING_S;

export interface Taken {
  /** Of the framework. */
  readonly version: string;
  readonly createdS: number;
  readonly handledS: number;
}

const seconds = (duration: number) => `${Math.ceil(duration)} s`;
const headingOf = (framework: Framework) => FRAMEWORKS[framework].heading;

/** How many files there are to paste, and how many lines they have together. */
export function toPaste(framework: Framework): string {
  const files = Object.values(filesOf(framework));
  const lines = files.reduce((sum, code) => sum + code.trimEnd().split("\n").length, 0);
  return `${files.length} files, ${lines} lines`;
}

/** The cells of each row, by the framework's name. */
export const writtenRows = (): ReadonlyMap<string, readonly string[]> =>
  new Map(readTable(PAGE, "minutes").map((cells) => [cells[0] ?? "", cells]));

export function writeRow(framework: Framework, { version, createdS, handledS }: Taken): void {
  const name = headingOf(framework);
  const rows = new Map(writtenRows()).set(name, [
    name,
    version,
    toPaste(framework),
    seconds(createdS),
    seconds(handledS),
  ]);
  const names = (Object.keys(FRAMEWORKS) as Framework[]).map(headingOf);
  writeTable(
    PAGE,
    "minutes",
    HEAD,
    names.flatMap((of) => [rows.get(of) ?? []]).filter(({ length }) => length > 0),
  );
}
