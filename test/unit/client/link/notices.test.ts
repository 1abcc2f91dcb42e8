// What a page hears of announcements, awake and asleep.

import { expect, test } from "vitest";
import { createNoticeListener } from "../../../../src/client/link/notices.js";
import type { Channel } from "../../../../src/link/finding/directory.js";

const count = { open: 0 };
const openChannel = () => {
  count.open++;
  return { addEventListener() {}, close: () => count.open-- } as unknown as Channel;
};

test("a page that sleeps has no channel, whoever begins to listen in it, and has one when it wakes", () => {
  const notices = createNoticeListener(openChannel);
  notices.suspend();
  const stop = notices.listen("q", () => {});
  expect(count.open).toBe(0);
  notices.resume();
  expect(count.open).toBe(1);
  notices.suspend();
  expect(count.open).toBe(0);
  stop();
  notices.resume();
  expect(count.open).toBe(0);
});
