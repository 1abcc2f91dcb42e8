// What is left on disk of ten times as many messages as the other cases have, once they have passed through a queue.

import { fillTo, passThrough } from "./waiting.mjs";

const PASSES = 10;

/**
 * `messages` of them wait all the time. Fewer would be next to nothing beside the write-ahead log of the browser's own
 * database, up to 4 MiB at any moment: alike as they are, they are compressed to some 30 bytes each. The fresh database
 * holds as many in a profile of its own.
 * @type {import("./lab.mjs").ScaleCase}
 */
export const storage = {
  id: "storage",
  async measure(lab) {
    const live = lab.messages;
    /** @param {number} passes */
    const bytesAfter = (passes) =>
      lab.onStage(async (stage) => {
        const tabs = await fillTo(stage, live);
        for (let pass = 1; pass <= passes; pass++) {
          lab.say(`pass ${pass} of ${passes}`);
          await passThrough(tabs, lab.messages);
        }
        lab.say("waiting for the disk to come to rest");
        const bytes = await stage.diskBytes();
        const { ready } = await tabs.sender.evaluate(() => scale.stats());
        if (ready !== live) throw new Error(`${ready} messages wait, not ${live}`);
        return bytes;
      });
    const fresh = await bytesAfter(0);
    const used = await bytesAfter(PASSES);
    const mib = (/** @type {number} */ bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
    return [
      {
        what: `disk after ${(PASSES * lab.messages).toLocaleString("en")} messages, ${live.toLocaleString("en")} still waiting, of a fresh database with as many`,
        value: used / fresh,
        unit: "times",
        target: 2,
        isAtMost: true,
        note: `${mib(used)}, ${mib(fresh)}`,
      },
    ];
  },
};
