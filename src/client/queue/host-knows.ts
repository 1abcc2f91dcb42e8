// What a host of an earlier build does not know.

import { QueueError } from "../../core/spec/errors.js";

/** Waits for a host. Throws `unsupported` where it is of a build before this minor wire version. `what`: which it lacks. */
export async function assertHostKnows(
  client: { readonly minor: number; connected(): Promise<unknown> },
  minor: number,
  what = "",
): Promise<void> {
  await client.connected();
  if (client.minor >= minor) return;
  const lacking = what && `, which knows no ${what}`;
  throw new QueueError("unsupported", `an earlier build hosts this database${lacking}: reload it`);
}
