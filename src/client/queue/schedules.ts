// The public face of a queue's schedules. The host keeps them, and sends their ticks whoever is there.

import type { ScheduleValue } from "../../core/commands/schedules.js";
import { check, checkOptions, type Spec } from "../../core/spec/check.js";
import { groupId, headers, id as idField, priority, ttlMs } from "../../core/spec/fields.js";
import { type CatchUp, checkTiming, type ScheduleSpec, TIMING_SPEC } from "../../core/spec/schedule-spec.js";
import type { Page, ScheduleView } from "../../link/rpc/views.js";
import type { ClientCommand, HostRequest } from "../../link/rpc/wire.js";
import type { Item } from "../sending/item.js";
import type { SendOptions } from "../sending/options.js";
import { itemOf } from "../sending/taken-in.js";
import { oneMessage } from "./one-message.js";
import { pageOf } from "./pages.js";
import type { QueueSealing } from "./sealing.js";

/** When a schedule ticks: by `cron`, or every `everyMs`. */
export type ScheduleTiming = (
  | {
      /** Five fields (minute, hour, day of month, month, day of week), or six with seconds first; names, ranges, steps, `L`, `#`. */
      readonly cron: string;
      /**
       * IANA name of the zone whose wall clock `cron` means. Default "UTC". Where a day lacks the hour, the tick comes
       * when the gap ends (02:30 at 03:00); where it has the hour twice, a fixed time ticks once.
       */
      readonly timeZone?: string;
      readonly everyMs?: never;
    }
  | {
      /** Milliseconds between ticks, an integer from 100 on; the first comes so long after `upsert`. */
      readonly everyMs: number;
      readonly cron?: never;
      readonly timeZone?: never;
    }
) & {
  /**
   * Ticks that nobody sent in time, because no context of the origin was open, the machine slept, the clock was set
   * forward, or the queue was full: `none` skips them, `one` sends the last of them, `all` sends each, of more than 1,000
   * the last 1,000. Default one.
   */
  readonly catchUp?: CatchUp;
};

/** What each tick's message is like. */
export type ScheduleOptions = Pick<SendOptions, "priority" | "ttlMs" | "groupId" | "headers">;

/** The schedules of a queue: kept and ticked by the host, whichever contexts are open. */
export interface Schedules<Body> {
  /**
   * Makes a schedule of this name, 1 to 256 characters, or replaces it; every context may do so when it starts. As long
   * as the timing stays the same its ticks go on as they did, those missed before included, with the new body and
   * options. Each tick is one message, sent once, in the same commit that notes the next tick, by whichever context
   * hosts; to a full queue its `overflow` applies, and what would be refused is tried again when there is room. A clock
   * that is set back repeats no tick: `everyMs` goes on in step, `cron` waits for the next instant not sent yet, unless
   * the clock was wrong by more than a day. Resolves when the schedule is durable, with the epoch milliseconds of its
   * next tick. Rejects with `invalid-argument` naming a bad `cron`, `timeZone` or `everyMs`, with `full` when the queue
   * has 1,000 schedules, and as `send` does.
   */
  upsert(
    id: string,
    timing: ScheduleTiming,
    body: Body,
    options?: ScheduleOptions,
  ): Promise<{ readonly nextAt: number | null }>;
  /** All of them, in the order they were made. */
  list(): Promise<ScheduleView<Body>[]>;
  /** It ticks no more; messages of earlier ticks stay. `removed` is false where there was none. */
  remove(id: string): Promise<{ readonly removed: boolean }>;
}

const OPTIONS_SPEC: Spec = { priority, ttlMs, groupId, headers };

export interface SchedulesParts {
  readonly queue: string;
  command<T>(asked: ClientCommand): Promise<T>;
  ask<T>(asked: HostRequest): Promise<T>;
  /** Calls with the item once it fits, its files read. */
  whenRead<T>(items: readonly Item[], next: (items: readonly Item[]) => Promise<T>): Promise<T>;
  readonly sealing?: QueueSealing | undefined;
}

export const createSchedules = <Body>({ queue, command, ask, whenRead, sealing }: SchedulesParts): Schedules<Body> => ({
  async upsert(id, timing, body, options) {
    check(idField, id, "schedules.upsert(id)");
    checkOptions("schedules.upsert()", timing ?? {}, TIMING_SPEC);
    checkTiming(timing ?? {}, "schedules.upsert()");
    const item = itemOf(body, options, "schedules.upsert()", OPTIONS_SPEC);
    const { cron, timeZone = "UTC", everyMs, catchUp = "one" } = timing;
    return whenRead([item], ([made]) => {
      const { attributes, groupId } = made as Item;
      const spec: ScheduleSpec = {
        ...(cron === undefined ? { everyMs } : { cron, timeZone }),
        catchUp,
        ...attributes,
        ...(groupId !== undefined && { groupId }),
      };
      return command<ScheduleValue>({ type: "schedule", queue, id, spec, ...oneMessage(made as Item) });
    });
  },
  async list() {
    // By id: where the one to go on after has gone meanwhile, the host begins anew.
    const all = new Map<string, ScheduleView<Body>>();
    for (let after: string | undefined; ; ) {
      const asked = { op: "schedules", queue, ...(after !== undefined && { after }) } as const;
      const answer = await ask<Page<ScheduleView<Body>> | readonly ScheduleView<Body>[]>(asked);
      const { messages, isCut } = pageOf(answer);
      for (const one of messages) all.set(one.id, one);
      after = messages.at(-1)?.id;
      if (!isCut || after === undefined)
        return sealing ? Promise.all([...all.values()].map(sealing.schedule)) : [...all.values()];
    }
  },
  async remove(id) {
    check(idField, id, "schedules.remove(id)");
    return command({ type: "unschedule", queue, id });
  },
});
