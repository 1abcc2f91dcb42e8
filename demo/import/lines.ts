// Reads a file piece by piece, so that its size does not matter.

/** A line, or a CSV row, longer than this is reported instead of kept: a file without line breaks must not fill the memory. */
export const LINE_MAX = 1_000_000;

export interface Line {
  /** From 1 on. */
  readonly number: number;
  /** `undefined`: longer than `LINE_MAX`. */
  readonly text: string | undefined;
}

/** The file's text in pieces. UTF-8, or UTF-16 where the file says so; what is neither becomes U+FFFD. */
export async function* readText(file: Blob, onRead: (bytes: number) => void): AsyncGenerator<string> {
  const reader = file.stream().getReader();
  let decoder: TextDecoder | undefined;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      decoder ??= new TextDecoder(encodingOf(value));
      yield decoder.decode(value, { stream: true });
      onRead(value.byteLength);
    }
    const rest = decoder?.decode();
    if (rest) yield rest;
  } finally {
    await reader.cancel().catch(() => {});
  }
}

const encodingOf = ([first, second]: Uint8Array): string =>
  first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";

/** The lines of a text, an array for each piece of it. Ends with LF or CRLF. */
export async function* splitLines(pieces: AsyncIterable<string>): AsyncGenerator<Line[]> {
  let number = 0;
  let rest = "";
  let isOverlong = false;
  const take = (text: string): Line => {
    const line = isOverlong || text.length > LINE_MAX ? undefined : text.endsWith("\r") ? text.slice(0, -1) : text;
    isOverlong = false;
    return { number: ++number, text: line };
  };
  for await (const piece of pieces) {
    const parts = (rest + piece).split("\n");
    rest = parts.pop() ?? "";
    const lines = parts.map(take);
    if (rest.length > LINE_MAX) {
      isOverlong = true;
      rest = "";
    }
    yield lines;
  }
  if (rest !== "" || isOverlong) yield [take(rest)];
}
