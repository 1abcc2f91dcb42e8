// The messages of an encrypted queue, opened. Invariant: an envelope opens only where it was meant to be: in its database and
// queue, with the priority and the group that it was sent with, or as the replacement of that message.

import { isShare, type Share } from "../core/log/share.js";
import { type Content, decodeContent } from "./content.js";
import { type Keyring, tampered } from "./keyring.js";
import { decodeSeveral, type Several } from "./several.js";

/** Where a message is: what it was sealed for, if it was sealed for this. */
export interface Place {
  readonly id: string;
  readonly priority: number;
  /** As the host knows it. */
  readonly groupId: string | null;
}

/** Each rejects, or throws, with `tampered` what does not open. */
export interface Opener {
  content(body: unknown, place: Place): Promise<Content>;
  several(envelope: Uint8Array): Promise<Several>;
  /** Of one of those. */
  contentOf(several: Several, body: unknown, place: Place): Content;
}

export function createOpener(keyring: Keyring, queue: string): Opener {
  // Of a subscription: what was published to its topic is in it, too.
  const topic = queue.slice(0, Math.max(0, queue.lastIndexOf("/")));
  /** What is shown beside each other has its envelope in common. */
  const opened = new WeakMap<Uint8Array, Promise<Several>>();

  const self: Opener = {
    async content(body, place) {
      if (isShare(body)) return self.contentOf(await self.several(body[0]), body, place);
      const { id, priority, groupId } = place;
      return decodeContent(
        await keyring.open(body, (kind) => {
          if (kind === "message") return [queue, priority, groupId];
          if (kind === "named") return [queue];
          if (kind === "published") return [topic, priority, groupId];
          if (kind === "published-named") return [topic];
          return kind === "replacement" ? [queue, id] : undefined;
        }),
      );
    },
    several(envelope) {
      const known = opened.get(envelope);
      if (known) return known;
      const opening = keyring
        .open(envelope, (kind) => (kind === "several" ? [queue] : kind === "published-several" ? [topic] : undefined))
        .then(decodeSeveral);
      opened.set(envelope, opening);
      return opening;
    },
    contentOf(several, body, { priority, groupId }) {
      const one = several((body as Share)[1]);
      if (one && (one.isNamed || (one.priority === priority && one.groupId === (groupId ?? null)))) return one;
      throw tampered("a message");
    },
  };
  return self;
}
