// From a file to bodies of messages: text lines stay text, CSV rows become objects by their header, JSON lines are parsed.

import { plural } from "../format.js";
import { type CsvRow, createCsvReader } from "./csv.js";
import { LINE_MAX, readText, splitLines } from "./lines.js";

export type Format = "text" | "csv" | "jsonl";

export type FileRecord =
  | { readonly line: number; readonly body: unknown }
  | { readonly line: number; readonly problem: string }
  | { readonly line: number; readonly empty: true };

export function formatOf(fileName: string): Format {
  if (/\.(csv|tsv)$/i.test(fileName)) return "csv";
  return /\.(jsonl|ndjson|json)$/i.test(fileName) ? "jsonl" : "text";
}

/** What the file holds, an array for each piece that was read. */
export function readRecords(file: Blob, format: Format, onRead: (bytes: number) => void): AsyncGenerator<FileRecord[]> {
  const text = readText(file, onRead);
  return format === "csv" ? readCsv(text) : readLineByLine(text, format === "jsonl" ? JSON.parse : (line) => line);
}

async function* readLineByLine(
  pieces: AsyncIterable<string>,
  parse: (line: string) => unknown,
): AsyncGenerator<FileRecord[]> {
  for await (const lines of splitLines(pieces)) {
    yield lines.map(({ number, text }): FileRecord => {
      if (text === undefined) return { line: number, problem: `is longer than ${LINE_MAX} characters` };
      if (text.trim() === "") return { line: number, empty: true };
      try {
        return { line: number, body: parse(text) };
      } catch (error) {
        return { line: number, problem: `is no JSON: ${(error as Error).message}` };
      }
    });
  }
}

async function* readCsv(pieces: AsyncIterable<string>): AsyncGenerator<FileRecord[]> {
  const reader = createCsvReader();
  let names: string[] | undefined;
  const asRecords = (rows: CsvRow[]) => {
    const records: FileRecord[] = [];
    for (const { line, cells, problem } of rows) {
      if (problem !== undefined) records.push({ line, problem });
      else if (names === undefined) names = namesOf(cells);
      else if (cells.length !== names.length)
        records.push({ line, problem: `has ${plural(cells.length, "cell")} where the header has ${names.length}` });
      else records.push({ line, body: Object.fromEntries(names.map((name, i) => [name, cells[i]])) });
    }
    return records;
  };
  for await (const piece of pieces) yield asRecords(reader.read(piece));
  yield asRecords(reader.end());
}

/** Every column has a name of its own. */
function namesOf(header: readonly string[]): string[] {
  const names: string[] = [];
  header.forEach((cell, i) => {
    const name = cell.trim() || `column ${i + 1}`;
    names.push(names.includes(name) ? `${name} (column ${i + 1})` : name);
  });
  return names;
}
