// CSV as RFC 4180 has it, piece by piece: quoted cells may hold delimiters, doubled quotes and line breaks, and any of
// these may lie across two pieces.

import { LINE_MAX } from "./lines.js";

export interface CsvRow {
  /** The line on which the row begins, from 1 on. */
  readonly line: number;
  readonly cells: readonly string[];
  /** Set where the row could not be read to its end. */
  readonly problem?: string;
}

export interface CsvReader {
  /** The rows that this piece completes. */
  read(piece: string): CsvRow[];
  /** The last row, when the text did not end with a line break. */
  end(): CsvRow[];
}

const DELIMITERS = [",", ";", "\t"];

/** The delimiter that the first line has most of. */
function delimiterOf(text: string): string {
  const first = text.split("\n", 1)[0]?.replace(/"[^"]*"/g, "") ?? "";
  const counts = DELIMITERS.map((delimiter) => first.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] as string;
}

export function createCsvReader(): CsvReader {
  let delimiter: string | undefined;
  //  start ──"──▶ quoted ──"──▶ quote ──"──▶ quoted     start, plain, quote ──delimiter──▶ start of the next cell
  //    └──any──▶ plain                                  start, plain, quote ──line break──▶ start of the next row
  //  overlong: drops everything up to the next line break
  let state: "start" | "plain" | "quoted" | "quote" | "overlong" = "start";
  let cell = "";
  let cells: string[] = [];
  let length = 0;
  let line = 1;
  let rowLine = 1;
  let rows: CsvRow[] = [];

  const endCell = () => {
    cells.push(cell);
    cell = "";
    state = "start";
  };
  const endRow = (problem?: string) => {
    if (problem === undefined && cell.endsWith("\r")) cell = cell.slice(0, -1);
    endCell();
    const isEmpty = cells.length === 1 && cells[0] === "";
    if (problem !== undefined) rows.push({ line: rowLine, cells: [], problem });
    else if (!isEmpty) rows.push({ line: rowLine, cells });
    cells = [];
    length = 0;
  };

  const step = (char: string) => {
    if (char === "\n") line++;
    if (state === "overlong") {
      if (char === "\n") endRow(`is longer than ${LINE_MAX} characters`);
    } else if (++length > LINE_MAX) {
      state = "overlong";
      cell = "";
    } else if (state === "quoted") {
      if (char === '"') state = "quote";
      else cell += char;
    } else if (char === "\n") {
      endRow();
    } else if (char === delimiter) {
      endCell();
    } else if (char === '"' && state !== "plain") {
      // Doubled inside quotes: one quote that belongs to the cell.
      if (state === "quote") cell += char;
      state = "quoted";
    } else {
      cell += char;
      if (state === "start") state = "plain";
    }
    if (char === "\n" && state === "start") rowLine = line;
  };

  const taken = () => {
    const done = rows;
    rows = [];
    return done;
  };

  return {
    read(piece) {
      delimiter ??= delimiterOf(piece);
      for (const char of piece) step(char);
      return taken();
    },
    end() {
      if (state === "quoted") endRow("has a quote that is never closed");
      else if (state === "overlong") endRow(`is longer than ${LINE_MAX} characters`);
      else if (cell !== "" || cells.length > 0) endRow();
      return taken();
    },
  };
}
