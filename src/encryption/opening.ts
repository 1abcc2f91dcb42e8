// What comes out of an encrypted queue, opened a hand-out at a time, in the order in which these came.
// Invariant: whatever does not open is never shown, and costs none of those beside it: its delivery ends among the dead letters.

import type { Admit } from "../client/receiving/admission.js";
import type { Delivery } from "../client/receiving/delivery.js";
import { failureOf } from "../client/receiving/failure.js";
import type { Hiding, Holding, Revealed } from "../client/receiving/holding.js";
import type { AnswerPart } from "../client/receiving/replies.js";
import type { Verdict } from "../core/commands/commands.js";
import type { Headers } from "../core/log/bodies.js";
import { isShare, type Share } from "../core/log/share.js";
import { QueueError } from "../core/spec/errors.js";
import type { HandOut } from "../link/rpc/wire.js";
import type { Content } from "./content.js";
import { type Names, TAMPERED } from "./names.js";
import type { Opener } from "./opener.js";
import type { Several } from "./several.js";

export interface OpeningParts {
  readonly opener: Opener;
  readonly names: Names;
  hideVerdict(id: string, verdict: Verdict): Promise<Verdict>;
  hideAnswer<Part extends AnswerPart>(part: Part, request: Headers | undefined): Promise<Part>;
}

/** What a thousand of wait in a buffer: a class, as they are. */
class Opened implements Revealed {
  constructor(
    private readonly content: Content,
    readonly groupId: string,
    private readonly of: Delivery,
    private readonly hiding: Pick<OpeningParts, "hideVerdict" | "hideAnswer">,
  ) {}

  get headers(): Headers | undefined {
    return this.content.headers;
  }
  get body(): unknown {
    return this.content.body;
  }
  hideVerdict(verdict: Verdict): Promise<Verdict> {
    return this.hiding.hideVerdict(this.of.id, verdict);
  }
  hideAnswer<Part extends AnswerPart>(part: Part): Promise<Part> {
    return this.hiding.hideAnswer(part, this.headers);
  }
}

/** Gives what is known, or throws why it is not. */
type Known<T> = () => T;

/** A hand-out. */
interface Opening {
  isOver: boolean;
  over: Promise<void>;
  readonly several: Map<Uint8Array, Known<Several>>;
  readonly alone: Map<Holding, Known<Content>>;
  readonly groups: Map<string, Known<string>>;
}

export function createOpening({ opener, names, ...hiding }: OpeningParts): {
  readonly hiding: Hiding;
  readonly admit: Admit;
} {
  /** By hand-out: a thousand messages share one. */
  const openings = new WeakMap<HandOut, Opening>();
  let last: Promise<void> = Promise.resolve();

  const begin = (holdings: readonly Holding[]): void => {
    const [first] = holdings;
    if (first === undefined) return;
    const before = last;
    const opening: Opening = { isOver: false, over: before, several: new Map(), alone: new Map(), groups: new Map() };
    const all: Promise<void>[] = [before];
    const keep = <Key, T>(by: Map<Key, Known<T>>, key: Key, open: () => Promise<T>) => {
      if (by.has(key)) return;
      // Its place is taken at once.
      by.set(key, notYet);
      const keepAs = (known: Known<T>) => void by.set(key, known);
      const fail = (error: unknown) =>
        keepAs(() => {
          throw error;
        });
      all.push(open().then((value) => keepAs(() => value), fail));
    };
    openings.set(first.handOut, opening);
    const hasGroups = first.handOut.groups !== undefined;
    let envelope: Uint8Array | undefined;
    const beginSeveral = (one: Share[0]) => {
      keep(opening.several, one, () => opener.several(one));
      return one;
    };
    for (const holding of holdings) {
      const groupId = hasGroups ? holding.delivery.groupId : null;
      if (groupId) keep(opening.groups, groupId, () => names.showGroup(groupId));
      const body = bodyIn(holding);
      if (!isShare(body)) keep(opening.alone, holding, async () => opener.content(holding.body, holding.delivery));
      else if (body[0] !== envelope) envelope = beginSeveral(body[0]);
    }
    opening.over = Promise.all(all).then(() => {
      opening.isOver = true;
    });
    last = opening.over;
  };

  const revealed = (holding: Holding, { several, alone, groups }: Opening): Revealed => {
    const { body, delivery } = holding;
    const { groupId } = delivery;
    const content = isShare(body) ? opener.contentOf(given(several, body[0]), body, delivery) : given(alone, holding);
    return new Opened(content, groupId ? given(groups, groupId) : "", delivery, hiding);
  };

  const reveal = (holding: Holding, opening: Opening): boolean => {
    try {
      holding.reveal(revealed(holding, opening));
      return true;
    } catch (error) {
      const isTampered = error instanceof QueueError && error.code === "tampered";
      const verdict: Verdict = isTampered
        ? { type: "dead", reason: TAMPERED.name, failure: TAMPERED }
        : { type: "retry", failure: failureOf(error) };
      holding.settleThen(verdict, () => {});
      return false;
    }
  };

  const openingOf = ({ handOut }: Holding): Opening => openings.get(handOut) ?? notYet();
  return {
    hiding: {
      begin,
      pending(holding) {
        const opening = openingOf(holding);
        return opening.isOver ? undefined : opening.over;
      },
    },
    admit(holding) {
      const opening = openingOf(holding);
      return opening.isOver ? reveal(holding, opening) : opening.over.then(() => reveal(holding, opening));
    },
  };
}

const notYet = (): never => {
  throw new QueueError("internal", "broken invariant: an envelope is looked into before it is open");
};

const given = <Key, T>(by: ReadonlyMap<Key, Known<T>>, key: Key): T => (by.get(key) ?? notYet)();

/** `undefined` where it cannot be read: whoever opens it hears why. */
function bodyIn(holding: Holding): unknown {
  try {
    return holding.body;
  } catch {
    return undefined;
  }
}
