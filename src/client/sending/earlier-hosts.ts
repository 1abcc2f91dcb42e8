// Commands as hosts of earlier builds read them: the same messages, without columns.

import type { SendSegment } from "../../core/commands/commands.js";
import { valuesOf } from "../../core/log/bodies.js";
import { MINOR_COLUMNS, MINOR_PLACES } from "../../core/spec/version.js";
import type { ClientCommand, SentMessages } from "../../link/rpc/wire.js";

/** The command as a host of this minor wire version reads it. */
export function readable(command: ClientCommand, minor: number): ClientCommand {
  if (command.type === "redrive" && command.diedBy !== undefined) {
    // By places alone: the clock of this device may be hours behind the host's.
    if (minor >= MINOR_PLACES) return { ...command, diedBy: Number.MAX_SAFE_INTEGER };
    const { beforePlace: _, ...rest } = command;
    return rest;
  }
  if (minor >= MINOR_COLUMNS) return command;
  if (command.type === "send" || command.type === "publish") return withoutColumns(command);
  return command.type === "transaction" ? { ...command, sends: command.sends.map(withoutColumns) } : command;
}

/** The same messages with each difference a segment of its own, for a host that knows no columns for them. */
export function withoutColumns<Messages extends Omit<SentMessages, "queue">>(messages: Messages): Messages {
  const { bodies, priorities, times, ...rest } = messages;
  const values = { ...rest, bodies: valuesOf(bodies) } as Messages;
  if (priorities === undefined && times === undefined) return values;
  let place = 0;
  const segments = messages.segments.flatMap(({ count, deduplicationIds, ...segment }) =>
    Array.from({ length: count }, (_, i): SendSegment => {
      const at = place++;
      const id = deduplicationIds?.[i];
      return {
        ...segment,
        count: 1,
        priority: priorities?.[at] ?? segment.priority,
        ...(segment.delayMs !== undefined && { delayMs: times?.[at] ?? segment.delayMs }),
        ...(segment.deliverAt !== undefined && { deliverAt: times?.[at] ?? segment.deliverAt }),
        ...(id !== undefined && { deduplicationIds: [id] }),
      };
    }),
  );
  return { ...values, segments };
}
