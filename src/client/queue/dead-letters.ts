// The dead letters of a queue: looked at, sent back, or deleted.

import { checkOptions } from "../../core/spec/check.js";
import type { DeadLetterFilter } from "../../core/spec/filters.js";
import type { ClientCommand, HostRequest } from "../../link/rpc/wire.js";
import type { Runtime } from "../runtime/runtime.js";
import { DEAD_PAGES_SPEC } from "../sending/options.js";
import { FILTER_SPEC, LIST_SPEC, REDRIVE_SPEC } from "./options.js";
import { listed, PAGE_DEFAULT, pagesOf } from "./pages.js";
import type { DeadLetters } from "./queue.js";
import { redriveAtRate } from "./redrive.js";
import type { QueueSealing } from "./sealing.js";

export interface DeadLettersParts {
  readonly queue: string;
  readonly runtime: Runtime;
  command<T>(asked: ClientCommand): Promise<T>;
  ask<T>(asked: HostRequest): Promise<T>;
  /** How many there are. */
  count(): Promise<number>;
  readonly replace: DeadLetters<unknown>["replace"];
  readonly sealing?: QueueSealing | undefined;
}

export function createDeadLetters<Body>(parts: DeadLettersParts): DeadLetters<Body> {
  const { queue, runtime, command, ask, count, replace, sealing } = parts;
  const filterOf = async (filter: DeadLetterFilter = {}) => (sealing ? sealing.filter(filter) : filter);
  const self: DeadLetters<Body> = {
    async list(options = {}) {
      checkOptions("deadLetters.list()", options, LIST_SPEC);
      const { max = 100, after } = options;
      return listed({ max, after }, (range) => ask({ op: "dead-letters", queue, ...range }), sealing?.message);
    },
    pages(options = {}) {
      checkOptions("deadLetters.pages()", options, DEAD_PAGES_SPEC);
      const { pageSize: max = PAGE_DEFAULT, after: first } = options;
      return pagesOf(count, (after = first) => self.list({ max, ...(after !== undefined && { after }) }));
    },
    async redrive(options = {}) {
      checkOptions("deadLetters.redrive()", options, REDRIVE_SPEC);
      const { rate, signal } = options;
      signal?.throwIfAborted();
      const asked = { type: "redrive", queue, filter: await filterOf(options.filter) } as const;
      if (rate === undefined) return command(asked);
      // What dies from now on is left: it would be redriven for ever. An older host knows that by the time alone.
      const diedBy = Date.now();
      let beforePlace: number | undefined;
      return redriveAtRate(rate, runtime, signal, async (max) => {
        const part = await command<{ redriven: number; beforePlace?: number }>({
          ...asked,
          max,
          diedBy,
          ...(beforePlace !== undefined && { beforePlace }),
        });
        ({ beforePlace } = part);
        return part;
      });
    },
    async purge(options = {}) {
      checkOptions("deadLetters.purge()", options, FILTER_SPEC);
      return command({ type: "purge-dead", queue, filter: await filterOf(options.filter) });
    },
    replace,
  };
  return self;
}
