// One message, as a command that has one carries it.

import type { HeadersColumn } from "../../core/log/bodies.js";
import { bodyOf, type Item } from "../sending/item.js";

export const oneMessage = (
  item: Item,
): { readonly bodies: readonly unknown[]; readonly headers?: HeadersColumn | undefined } => ({
  bodies: [bodyOf(item)],
  ...(item.headers && { headers: [item.headers] }),
});
