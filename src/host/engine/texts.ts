// Texts of bodies that came as bytes, for who takes them apart.

import type { BodyColumn } from "../../core/log/bodies.js";
import { AsciiLines, type HeldColumn } from "../../core/log/columns.js";

const decoder = new TextDecoder();

export const textsOf = (column: HeldColumn): BodyColumn =>
  column instanceof AsciiLines ? decoder.decode(column.bytes) : column;
