// Groups: each customer's messages one after the other, the customers in parallel. A lane a group, a chip a message.

import type { Connection, MessageView, Queue } from "../../src/index.js";
import type { Clock } from "../clock.js";
import { byId, createRows, h, setText } from "../dom.js";
import { plural } from "../format.js";
import type { Problems } from "../problems.js";

interface Step {
  readonly number: number;
}

interface Lane {
  readonly customer: string;
  readonly messages: readonly MessageView<Step>[];
}

export interface GroupsParts {
  readonly connection: Connection;
  readonly tab: string;
  readonly clock: Clock;
  readonly problems: Problems;
}

const CUSTOMERS = ["Ada", "Bob", "Cleo", "Dan"];
const STEPS = 4;
const HANDLER_MS = 900;
const HANDLERS = 3;
const LOOK_MS = 250;
const SHOWN_MAX = 12;
const STATE_WORDS = { ready: "ready", delayed: "delayed", leased: "in work", blocked: "waits behind", dead: "dead" };

export async function openGroups({ connection, tab, clock, problems }: GroupsParts): Promise<void> {
  const onFailure = byId<HTMLSelectElement>("group-failure");
  const open = () =>
    connection.openQueue<Step>(`groups:${tab}`, {
      maxDeliveries: 1,
      durability: "relaxed",
      onGroupFailure: onFailure.value === "skip" ? "skip" : "block",
    });
  const queue = await open();
  /** Customers whose next message fails. */
  const failing = new Set<string>();
  let sent = 0;

  queue.consume(
    async ({ groupId, signal }) => {
      await clock.wait(HANDLER_MS, signal);
      if (groupId !== null && failing.delete(groupId)) throw new Error("The handler was told to fail this one");
    },
    { concurrency: HANDLERS },
  );

  const show = createLanes();
  const look = async () => {
    const views = [...(await queue.deadLetters.list({ max: 100 })), ...(await queue.peek({ max: 200 }))];
    const sorted = views.sort((a, b) => a.body.number - b.body.number);
    show(CUSTOMERS.map((customer) => ({ customer, messages: sorted.filter(({ groupId }) => groupId === customer) })));
    byId<HTMLButtonElement>("group-redrive").disabled = views.every(({ state }) => state !== "dead");
  };

  const act = (id: string, what: string, run: () => Promise<unknown>) =>
    byId(id).addEventListener("click", () => problems.guard(what, () => run().then(look)));
  act("group-send", "Sending failed", () => {
    const steps = Array.from({ length: STEPS }, () => CUSTOMERS.map((groupId) => ({ groupId })));
    return queue.sendBatch(steps.flat().map(({ groupId }) => ({ body: { number: ++sent }, groupId })));
  });
  act("group-fail", "Sending failed", async () => {
    failing.add(CUSTOMERS[0] as string);
    await queue.send({ number: ++sent }, { groupId: CUSTOMERS[0] as string });
  });
  act("group-redrive", "Redriving failed", () => queue.deadLetters.redrive());
  onFailure.addEventListener("change", () => problems.guard("Changing the queue failed", () => store(open)));
  await look();
  keepLooking(clock, problems, look);
}

/** Options given to `openQueue` are stored with the queue. */
async function store(open: () => Promise<Queue<Step>>): Promise<void> {
  await (await open()).close();
}

function keepLooking(clock: Clock, problems: Problems, look: () => Promise<void>): void {
  let looking = false;
  clock.every(LOOK_MS, () => {
    if (looking || !byId<HTMLDetailsElement>("patterns").open) return;
    looking = true;
    problems.guard("Looking at the groups failed", () => look().finally(() => (looking = false)));
  });
}

function createLanes(): (lanes: readonly Lane[]) => void {
  const rows = createRows<Lane>(
    byId("group-lanes"),
    ({ customer }) => customer,
    ({ customer }) => {
      const words = h("span", { class: "group-words" });
      const chips = h("ol", { class: "chips", "aria-label": `Messages of ${customer}` });
      const shown = createRows<MessageView<Step>>(chips, ({ id }) => id, createChip);
      return {
        element: h("li", { "data-testid": `group-${customer}` }, h("b", {}, customer), chips, words),
        update({ messages }) {
          shown.show(messages.slice(0, SHOWN_MAX));
          setText(words, wordsOf(messages));
        },
      };
    },
  );
  return (lanes) => rows.show(lanes);
}

function wordsOf(messages: readonly MessageView[]): string {
  const isBlocked = messages.some(({ state }) => state === "blocked");
  if (messages[0]?.state === "dead" && isBlocked) return "stands still";
  return messages.length === 0 ? "nothing to do" : plural(messages.length, "message");
}

function createChip({ body }: MessageView<Step>) {
  const words = h("span", { class: "visually-hidden" });
  const element = h("li", {}, String(body.number), words);
  return {
    element,
    update({ state }: MessageView<Step>) {
      element.className = `chip ${state}`;
      element.title = STATE_WORDS[state];
      setText(words, `, ${STATE_WORDS[state]}`);
    },
  };
}
