// What goes back because nobody holds it any more: settlements that the store refused, whose client has heard so, and what
// was handed out to a call that had ended. Nobody would settle it before its lease ends. Invariant: it goes back as soon
// as the store takes that, however often it refuses.

import type { Command, Settlement, Verdict } from "../../core/commands/commands.js";
import type { Outcome } from "../../core/log/journal.js";

/** Between two attempts: the store has no room, or is in trouble. */
export const AGAIN_MS = 500;

export interface GiveBackParts {
  decide(command: Command, onOutcome: (outcome: Outcome) => void): void;
  setTimer(callback: () => void, ms: number): () => void;
  random(): number;
}

/** Whose client was told that it is not acknowledged is delivered again; other verdicts mean what they meant. */
const instead = (verdict: Verdict): Verdict => (verdict.type === "ack" ? { type: "release" } : verdict);

export function createGiveBack({ decide, setTimer, random }: GiveBackParts) {
  /** Refused again. They are tried together: each commit that is refused costs a reading of the log. */
  let waiting: { readonly client: string; readonly settlements: readonly Settlement[] }[] = [];

  const attempt = (client: string, settlements: readonly Settlement[]) =>
    decide({ type: "settle", client, settlements, jitter: random() }, (outcome) => {
      // What has ended meanwhile is named as lost, and needs no more.
      if (outcome.ok) return;
      if (waiting.length === 0) setTimer(tryAgain, AGAIN_MS);
      waiting.push({ client, settlements });
    });

  const tryAgain = () => {
    const refused = waiting;
    waiting = [];
    for (const { client, settlements } of refused) attempt(client, settlements);
  };

  return (client: string, settlements: readonly Settlement[]): void =>
    attempt(
      client,
      settlements.map(({ verdict, ...held }) => ({ ...held, verdict: instead(verdict) })),
    );
}
