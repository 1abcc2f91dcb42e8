// Carries numbered commands to the host in requests, and finds the one to blame when a request is refused whole:
//
//   carried ──answered──▶ its outcome
//      └──refused whole──▶ suspect: alone ──answered──▶ its outcome
//                            ▲  └──refused again──▶ halved ──one thing──▶ it is to blame, and hears why
//                            └────────────────────────┘
//
// What is under way belongs to one spell, which ends with the host, or when the host could not read something.
// Invariant: what was not answered in its spell is carried again in the next, and nothing else is.

import type { Outcome } from "../../core/log/journal.js";
import { REQUESTS_MAX } from "../../core/spec/limits.js";
import type { Link } from "../../link/rpc/link.js";
import type { HostRequest, SubmitReply } from "../../link/rpc/wire.js";
import type { HostLink, LastWords } from "../link/host-link.js";
import { abortable } from "../runtime/abortable.js";
import { commandFor } from "./carried.js";
import type { Draft } from "./drafts.js";
import type { Gathering } from "./gathering.js";
import { isHostLost, isRefusedWhole, UnreadableError } from "./refusals.js";

export interface Courier {
  /** Another request may leave now. */
  readonly isFree: boolean;
  /** `link`: one on which a hello was said, and whose host is not known yet. */
  carry(drafts: readonly Draft[], link?: Link<HostRequest>): void;
  /** Posts them at once, where nobody answers any more; what cannot be cloned is left out, and the others go. */
  say(drafts: readonly Draft[], to: LastWords): void;
  /** There is another host: what was under way will not be answered. */
  begin(): void;
  /** The host could not read something that was posted to it; `sent`: all that has no outcome. */
  unreadable(sent: readonly Draft[]): void;
}

export interface CourierParts {
  readonly hostLink: Pick<HostLink, "link" | "connected" | "welcome">;
  readonly requestOf: Gathering["requestOf"];
  isSent(draft: Draft): boolean;
  answer(draft: Draft, outcome: Outcome): void;
  fail(draft: Draft, reason: unknown): void;
  /** What is told to whose command alone was refused so. */
  refusalOf(draft: Draft, error: unknown): Promise<unknown>;
  /** Two numbered halves that stand in its place from now on; `undefined` when it is one thing. */
  halve(draft: Draft): readonly Draft[] | undefined;
  /** Another request may leave. */
  onFree(): void;
}

interface Spell {
  requests: number;
  readonly suspects: Draft[];
  isIsolating: boolean;
  /** Aborted when what is under way will not be answered: it could not be read, or the spell is over. */
  unread: AbortController;
}

const newSpell = (): Spell => ({ requests: 0, suspects: [], isIsolating: false, unread: new AbortController() });

export function createCourier(parts: CourierParts): Courier {
  const { hostLink } = parts;
  let spell = newSpell();

  const requestOf = (drafts: readonly Draft[], minor: number): HostRequest =>
    parts.requestOf(drafts, (draft) => commandFor(draft, minor));

  const submit = async (drafts: readonly Draft[], greeted?: Link<HostRequest>): Promise<void> => {
    // At once where there is a link: what is flushed before the page sleeps must leave before it does.
    const link = greeted ?? hostLink.link ?? (await hostLink.connected());
    const numbers = drafts.map(({ number }) => number);
    const { outcomes } = await link.call<SubmitReply>(requestOf(drafts, hostLink.welcome?.minor ?? 0));
    drafts.forEach((draft, i) => {
      // One that was answered before, and is on its way again, has another number by now.
      if (draft.number === numbers[i]) parts.answer(draft, outcomes[i] as Outcome);
    });
  };

  const carry = async (drafts: readonly Draft[], link?: Link<HostRequest>) => {
    const own = spell;
    own.requests++;
    try {
      await abortable(submit(drafts, link), own.unread.signal);
    } catch (error) {
      if (own !== spell || isHostLost(error)) return;
      if (isRefusedWhole(error)) suspect(drafts);
      else for (const draft of drafts) parts.fail(draft, error);
    } finally {
      own.requests--;
      if (own === spell) parts.onFree();
    }
  };

  const suspect = (drafts: readonly Draft[]) => {
    spell.suspects.push(...drafts);
    if (!spell.isIsolating) void isolate(spell);
  };

  const isolate = async (own: Spell) => {
    own.isIsolating = true;
    for (let draft = own.suspects.shift(); draft; draft = own.suspects.shift()) {
      if (!parts.isSent(draft)) continue;
      try {
        await abortable(submit([draft]), own.unread.signal);
      } catch (error) {
        if (own !== spell || isHostLost(error)) return;
        const halves = isRefusedWhole(error) ? parts.halve(draft) : undefined;
        if (halves) own.suspects.unshift(...halves);
        else parts.fail(draft, await parts.refusalOf(draft, error));
      }
      if (own !== spell) return;
    }
    own.isIsolating = false;
    parts.onFree();
  };

  const begin = () => {
    const { unread } = spell;
    spell = newSpell();
    unread.abort();
  };

  return {
    get isFree() {
      return spell.requests < REQUESTS_MAX && !spell.isIsolating;
    },
    carry: (drafts, link) => void carry(drafts, link),
    say(drafts, to) {
      const left: (readonly Draft[])[] = [drafts];
      for (let some = left.shift(); some; some = left.shift()) {
        try {
          to.post(requestOf(some, to.minor));
        } catch {
          const smaller = some.length > 1 ? some : parts.halve(some[0] as Draft);
          left.unshift(...(smaller ?? []).map((draft) => [draft]));
        }
      }
    },
    begin,
    unreadable(sent) {
      const { unread } = spell;
      if (spell.isIsolating && spell.requests === 0) {
        spell.unread = new AbortController();
        return unread.abort(new UnreadableError("the host cannot read this"));
      }
      // Any of the requests under way may be the one.
      begin();
      suspect(sent);
    },
  };
}
