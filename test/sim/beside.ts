// What goes on beside the queue under test, in some worlds: a topic with two subscriptions, and a schedule. Judged by
// what a user would see at the end: both subscriptions hold the same messages, each published one once; and there are
// as many ticks as there were times to tick.

import type { Queue } from "../../src/client/queue/queue.js";
import { createRandom } from "./random.js";
import { isRefusal, type Tab } from "./tab.js";

export interface Beside {
  /** The tab does its part from now on. */
  join(tab: Tab): void;
  /** Publishes from this tab, now and then. */
  act(tab: Tab): void;
  /** Asks this tab, once all is healed; the problems come while the world goes on. */
  judge(tab: Tab): Promise<string[]>;
}

const SUBSCRIPTIONS = ["a", "b"] as const;
const TICK_MS = 1_000;
const TICKS = { everyMs: TICK_MS, catchUp: "all" } as const;

interface Published {
  readonly body: string;
  outcome: "stored" | "refused" | "unknown";
}

/** `isTimed`: nobody sets the clock, so ticks can be counted. */
export function createBeside({ seed, isTimed }: { readonly seed: number; readonly isTimed: boolean }): Beside {
  // Chances of its own: the same seed is the same world for the queue under test, as far as nothing goes on beside it.
  const random = createRandom(seed ^ 0x5eed);
  const hasTopic = random.chance(0.3);
  const hasSchedule = isTimed && random.chance(0.3);
  const published: Published[] = [];
  let isSubscribed = false;
  /** When the schedule ticked first, as far as those have heard that may have made it. */
  let firstAt: number | undefined;
  /** Of those: how many have not heard. */
  let unheard = 0;

  const retried = async <T>(tab: Tab, attempt: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await attempt();
      } catch {
        await tab.context.pass(100);
      }
    }
  };

  const subscribe = async (tab: Tab): Promise<Queue<string>[]> => {
    const topic = await tab.connection.openTopic<string>("news");
    return Promise.all(SUBSCRIPTIONS.map((name) => retried(tab, () => topic.subscription(name))));
  };

  const schedule = async (tab: Tab) => {
    const ticks = await retried(tab, () => tab.connection.openQueue<string>("ticks"));
    // What is asked for once it is known to be there does not make it.
    const mayMakeIt = firstAt === undefined;
    if (mayMakeIt) unheard++;
    // Where this fails, nobody says whether it was stored: then ticks are not counted.
    const { nextAt } = await ticks.schedules.upsert("clock", TICKS, `${tab.name} says so`);
    if (!mayMakeIt || nextAt === null) return;
    unheard--;
    firstAt = Math.min(firstAt ?? nextAt, nextAt);
  };

  const publish = async (tab: Tab) => {
    const message: Published = { body: `news-${published.length}`, outcome: "unknown" };
    published.push(message);
    try {
      const topic = await tab.connection.openTopic<string>("news");
      const { subscriptions } = await topic.publish(message.body);
      message.outcome = subscriptions === SUBSCRIPTIONS.length ? "stored" : "refused";
    } catch (error) {
      if (isRefusal(error)) message.outcome = "refused";
    }
  };

  const judgeTopic = async (tab: Tab): Promise<string[]> => {
    const queues = await subscribe(tab);
    const [a = [], b = []] = await Promise.all(
      queues.map((queue) => retried(tab, async () => (await queue.peek({ max: 1_000 })).map(({ body }) => body))),
    );
    const counts = new Map<string, number>();
    for (const body of a) counts.set(body, (counts.get(body) ?? 0) + 1);
    const known = new Set(published.map(({ body }) => body));
    return [
      ...(a.join() === b.join() ? [] : [`subscriptions differ: ${a.join()} and ${b.join()}`]),
      ...a.filter((body) => !known.has(body)).map((body) => `nobody published ${body}`),
      ...published.flatMap(({ body, outcome }) => {
        const count = counts.get(body) ?? 0;
        const isRight = outcome === "unknown" ? count <= 1 : count === (outcome === "stored" ? 1 : 0);
        return isRight ? [] : [`${outcome}, and ${count} times in each subscription: ${body}`];
      }),
    ];
  };

  const judgeSchedule = async (tab: Tab): Promise<string[]> => {
    const ticks = await retried(tab, () => tab.connection.openQueue<string>("ticks"));
    await retried(tab, () => ticks.schedules.upsert("clock", TICKS, "the last word"));
    const before = await retried(tab, () => ticks.stats());
    const [listed] = await retried(tab, () => ticks.schedules.list());
    const after = await retried(tab, () => ticks.stats());
    if (firstAt === undefined || unheard > 0 || !listed?.nextAt) return [];
    const expected = (listed.nextAt - firstAt) / TICK_MS;
    const isRight = before.totals.accepted <= expected && expected <= after.totals.accepted;
    return isRight ? [] : [`${expected} times to tick, and ${after.totals.accepted} ticks`];
  };

  return {
    join(tab) {
      // The first one alone, so that whatever is published has both.
      if (hasTopic && !isSubscribed) {
        subscribe(tab).then(
          () => {
            isSubscribed = true;
          },
          () => {},
        );
      }
      if (hasSchedule) schedule(tab).catch(() => {});
    },
    act(tab) {
      if (hasTopic && isSubscribed && random.chance(0.2)) void publish(tab);
    },
    async judge(tab) {
      return [...(hasTopic ? await judgeTopic(tab) : []), ...(hasSchedule ? await judgeSchedule(tab) : [])];
    },
  };
}
