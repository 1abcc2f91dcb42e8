// The sections that show more than one plain queue: each opens what it needs when it is opened itself.

import type { Clock } from "../clock.js";
import type { Problems } from "../problems.js";
import type { Session } from "../session.js";
import { openGroups } from "./groups.js";
import { whenOpened } from "./opening.js";
import { openTheory } from "./theory.js";
import { openTicks } from "./ticks.js";
import { openOrders } from "./topic.js";

export interface PatternsParts {
  readonly session: Session;
  readonly tab: string;
  readonly clock: Clock;
  readonly problems: Problems;
}

export function wirePatterns({ session: { connection }, tab, clock, problems }: PatternsParts): void {
  const parts = { connection, tab, clock, problems };
  whenOpened("patterns", tab, problems, async () => {
    await openGroups(parts);
    await openOrders(connection, tab, problems);
    await openTicks(connection, clock, problems);
  });
  whenOpened("theory", tab, problems, () => openTheory(parts));
}
