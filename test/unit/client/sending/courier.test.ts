// Which answers count.

import { expect, test } from "vitest";
import type { HostLink } from "../../../../src/client/link/host-link.js";
import { createCourier } from "../../../../src/client/sending/courier.js";
import { type Draft, sendDraft } from "../../../../src/client/sending/drafts.js";
import type { Outcome } from "../../../../src/core/log/journal.js";

test("the answer to an earlier number of a command is no answer to the number that it has now", async () => {
  const answers: ((outcomes: Outcome[]) => void)[] = [];
  const link = { call: () => new Promise((resolve) => answers.push((outcomes) => resolve({ outcomes }))) };
  const answered: Outcome[] = [];
  const courier = createCourier({
    hostLink: { link, connected: async () => link, welcome: undefined } as unknown as HostLink,
    requestOf: () => ({ op: "submit", confirmed: 0, commands: [] }),
    isSent: ({ stage }: Draft) => stage === "sent",
    answer: (_, outcome) => void answered.push(outcome),
    fail: () => {},
    refusalOf: async (_, error) => error,
    halve: () => undefined,
    onFree: () => {},
  });
  const draft: Draft = { ...sendDraft("q"), number: 5, stage: "sent" };
  courier.carry([draft]);
  courier.begin();
  courier.carry([draft]);
  const full: Outcome = { ok: false, code: "full", message: "no room" };
  answers[0]?.([full]);
  await expect.poll(() => answered).toEqual([full]);
  draft.number = 9;
  answers[1]?.([full]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(answered).toEqual([full]);
});
