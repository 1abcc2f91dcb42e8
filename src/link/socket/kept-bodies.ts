// Bodies that a server stores as the bytes in which they came: found in a request before it is decoded, counted, and not
// opened. Invariant: what is kept is ASCII, in which a byte is a character, so that it is as large and as long as its text.

import type { Keeper } from "../../codec/codec.js";
import { AsciiLines } from "../../core/log/columns.js";

/** What a runtime can do with bytes as fast as it can with texts. */
export interface ByteTools {
  isAscii(bytes: Uint8Array): boolean;
  /** The next place of a byte, or -1. */
  indexOf(bytes: Uint8Array, byte: number, from: number): number;
}

const LINE_BREAK = 10;

export const createKeeper = ({ isAscii, indexOf }: ByteTools): Keeper => ({
  find: placesOfBodies,
  keep(bytes) {
    if (!isAscii(bytes)) return undefined;
    const ends: number[] = [];
    for (let at = indexOf(bytes, LINE_BREAK, 0); at >= 0; at = indexOf(bytes, LINE_BREAK, at + 1)) ends.push(at);
    ends.push(bytes.length);
    return new AsciiLines(bytes, ends);
  },
});

/** Of the sends in a call; what is anything else has none. */
function placesOfBodies(call: unknown): readonly unknown[] {
  const request = memberOf(memberOf(memberOf(call, "argumentList"), 0), "value");
  const commands = memberOf(request, "commands");
  if (!Array.isArray(commands)) return [];
  return commands.flatMap((numbered) => {
    const bodies = memberOf(memberOf(numbered, "command"), "bodies");
    return memberOf(bodies, "$") === "text" ? [memberOf(bodies, "v")] : [];
  });
}

const memberOf = (value: unknown, name: string | number): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
