// A queue in which a million messages wait: how a new host opens it, what it keeps of it in memory, for how long it is
// deaf while it writes a checkpoint of it, and how fast messages go through it.

import { perSecond } from "./lab.mjs";

const DEPTH_SMALL = 1_000;

/**
 * @typedef {import("./lab.mjs").ScaleCase} ScaleCase
 * @typedef {import("./stage.mjs").Stage} Stage
 */

/** Starts a new host and returns milliseconds until it has delivered. @param {Stage} stage @param {number} formerEpoch */
async function openFresh(stage, formerEpoch) {
  await stage.endHost();
  const tab = await stage.openTab();
  const { ms, kind, epoch } = await tab.evaluate(() => scale.openToFirstDelivery());
  if (kind !== "shared-worker") throw new Error(`it is not the SharedWorker that hosts, but: ${kind}`);
  if (epoch <= formerEpoch) throw new Error(`the host of epoch ${epoch} is not a new one`);
  return { tab, ms, epoch };
}

/**
 * How they were sent decides what the host has to remember of them: what is sent together and alike is one run, what
 * differs from its neighbours is an entry of its own.
 * @type {Record<string, { as: string, fill: (tab: import("./stage.mjs").Tab, count: number) => Promise<unknown> }>}
 */
const FILLS = {
  batches: {
    as: "sent in batches of 1000",
    fill: (tab, count) => tab.evaluate((n) => scale.send({ kind: "plain", count: n }), count),
  },
  singles: {
    as: "sent one by one, 500 in flight",
    fill: (tab, count) => tab.evaluate((n) => scale.sendSingly(n), count),
  },
  unlike: {
    as: "of ten priorities in turn",
    fill: (tab, count) => tab.evaluate((n) => scale.send({ kind: "priorities", count: n }), count),
  },
};

/** @returns {ScaleCase[]} one for each way of sending */
export const waiting = () => Object.keys(FILLS).map((name) => waitingAfter(name));

/** @param {string} name @returns {ScaleCase} */
const waitingAfter = (name) => ({
  id: `waiting-${name}`,
  measure: (lab) =>
    lab.onStage(async (stage) => {
      const { as, fill } = /** @type {typeof FILLS[string]} */ (FILLS[name]);
      const first = await stage.openConnectedTab();
      await first.evaluate(() => scale.send({ kind: "plain", count: 1 }));
      let host = await openFresh(stage, 0);
      const emptyMs = host.ms;
      const emptyHeap = await stage.hostHeap();

      lab.say("filling");
      await fill(host.tab, lab.messages);
      const open = async () => {
        host = await openFresh(stage, host.epoch);
        const { ready } = await host.tab.evaluate(() => scale.stats());
        if (ready <= lab.messages) throw new Error(`${ready} messages wait, not more than ${lab.messages}`);
        return { ms: host.ms };
      };
      const { opening } = await lab.inTurn({ opening: open });
      lab.say("writing a checkpoint");
      const task = await stage.longestTask(() => host.tab.evaluate(() => scale.sendUntilCheckpoint()));
      const { reopening } = await lab.inTurn({ reopening: open });
      const heap = await stage.hostHeap();

      const millions = `${lab.messages.toLocaleString("en")} ${as}`;
      const note = `empty ${emptyMs.toFixed(0)} ms`;
      return [
        { what: `open with ${millions}`, value: opening.ms, unit: "ms", target: 1_000, isAtMost: true, note },
        { what: "the same after a checkpoint", value: reopening.ms, unit: "ms", target: 1_000, isAtMost: true, note },
        {
          what: "heap of a new host with them, each message",
          value: (heap - emptyHeap) / lab.messages,
          unit: "bytes",
          target: 64,
          isAtMost: true,
          note: `${(heap / 2 ** 20).toFixed(1)} MiB, empty ${(emptyHeap / 2 ** 20).toFixed(1)} MiB`,
        },
        {
          what: "longest task of the host until a checkpoint of them is written",
          value: task.ms,
          unit: "ms",
          target: 50,
          isAtMost: true,
          note: `${task.processorMs.toFixed(0)} ms of it on a processor`,
        },
      ];
    }),
});

/**
 * The same operation at two depths: as many messages are sent as are consumed, so that the depth stays, in two browsers
 * that take turns, or a host would have both queues in mind.
 * @type {ScaleCase}
 */
export const depth = {
  id: "depth",
  measure: (lab) =>
    lab.onStage((shallow) =>
      lab.onStage(async (deep) => {
        const count = lab.messages / 10;
        const shallowTabs = await fillTo(shallow, DEPTH_SMALL);
        lab.say("filling");
        const deepTabs = await fillTo(deep, lab.messages);
        for (const tabs of [shallowTabs, deepTabs]) await passThrough(tabs, count / 2);
        const { shallow: small, deep: large } = await lab.inTurn({
          shallow: () => passThrough(shallowTabs, count),
          deep: () => passThrough(deepTabs, count),
        });
        return [
          {
            what: `throughput with ${lab.messages.toLocaleString("en")} waiting, of that with ${DEPTH_SMALL}`,
            value: small.us / large.us,
            unit: "times",
            target: 0.85,
            note: `${perSecond(large.us)}, ${perSecond(small.us)}`,
          },
        ];
      }),
    ),
};

/**
 * Two tabs at a queue of such a depth.
 * @param {Stage} stage @param {number} count
 */
export async function fillTo(stage, count) {
  const sender = await stage.openConnectedTab();
  const consumer = await stage.openConnectedTab();
  await sender.evaluate((n) => scale.send({ kind: "plain", count: n }), count);
  return { sender, consumer };
}

/**
 * Sends so many while so many older ones are consumed; microseconds for each, until the last one is acknowledged.
 * @param {Awaited<ReturnType<typeof fillTo>>} tabs @param {number} count
 */
export async function passThrough({ sender, consumer }, count) {
  const [sent, consumed] = await Promise.all([
    sender.evaluate((n) => scale.sendAlongside(n), count),
    consumer.evaluate((n) => scale.consume(n), count),
  ]);
  return { us: Math.max(sent.us, consumed.us) };
}
