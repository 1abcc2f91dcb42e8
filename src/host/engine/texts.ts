// Texts of bodies that came as bytes, for who takes them apart.

import type { BodyColumn } from "../../core/log/bodies.js";
import { AsciiLines, type HeldColumn } from "../../core/log/columns.js";

/** Made when it is needed: hosts that no bytes come to run in test environments that have none. */
let decoder: TextDecoder | undefined;

export function textsOf(column: HeldColumn): BodyColumn {
  if (!(column instanceof AsciiLines)) return column;
  decoder ??= new TextDecoder();
  return decoder.decode(column.bytes);
}
