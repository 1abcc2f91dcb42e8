// Names that the host decides by, hidden: the same for the same text.

import { invalid } from "../core/spec/check.js";
import { DEDUPLICATION_ID_MAX, GROUP_ID_MAX, REASON_MAX } from "../core/spec/limits.js";
import { toUtf8 } from "./bytes.js";
import { type Keyring, SIV_BYTES, tampered } from "./keyring.js";
import { createMemo } from "./memo.js";

/** Begins a reason that is hidden; those of the library's own stay readable. */
const HIDDEN = "sealed:";
/** Of a text that is hidden in so many characters, in bytes of UTF-8. */
export const roomIn = (characters: number): number => Math.floor((characters * 3) / 4);
const GROUP_BYTES_MAX = roomIn(GROUP_ID_MAX) - SIV_BYTES;
const REASON_BYTES_MAX = roomIn(REASON_MAX - HIDDEN.length) - SIV_BYTES;
/** Groups that are remembered: most messages are of one that was there before. */
const GROUPS_MAX = 1_000;

/** Each rejects with `invalid-argument` what would be too long once hidden, or would not come back as it is. */
export interface Names {
  hideGroup(groupId: string): Promise<string>;
  /** Rejects with `tampered` what was not hidden so. */
  showGroup(hidden: string): Promise<string>;
  nameOf(deduplicationId: string): Promise<string>;
  hideReason(reason: string): Promise<string>;
  /** Of what does not come back it says that it was tampered with. */
  showReason(reason: string): Promise<string>;
}

export function createNames(keyring: Keyring): Names {
  const hiddenGroup = createMemo(GROUPS_MAX, (groupId) => keyring.hidden("group", groupId));
  const shownGroup = createMemo(GROUPS_MAX, (hidden) => keyring.shown("group", hidden));
  return {
    async hideGroup(groupId) {
      assertHideable("groupId", groupId, GROUP_BYTES_MAX);
      return hiddenGroup(groupId);
    },
    showGroup: shownGroup,
    async nameOf(deduplicationId) {
      assertHideable("deduplicationId", deduplicationId, 3 * DEDUPLICATION_ID_MAX);
      return keyring.nameOf("deduplication id", deduplicationId);
    },
    async hideReason(reason) {
      if (OWN_REASONS.has(reason)) return reason;
      assertHideable("reason", reason, REASON_BYTES_MAX);
      return `${HIDDEN}${await keyring.hidden("reason", reason)}`;
    },
    async showReason(reason) {
      if (!reason.startsWith(HIDDEN)) return reason;
      return keyring.shown("reason", reason.slice(HIDDEN.length)).catch(() => TAMPERED.name);
    },
  };
}

/** The reason of what does not open, and what is said of it. */
export const TAMPERED = { name: "tampered", message: tampered("the message").message } as const;

/** Why the library itself gives a message up. */
const OWN_REASONS: ReadonlySet<string> = new Set([
  ...["max-deliveries", "expired", "overflow", "not-cloneable", "schema-mismatch", "tampered"],
]);

function assertHideable(name: string, text: string, bytesMax: number): void {
  if (toUtf8(text).length > bytesMax || /\p{Surrogate}/u.test(text))
    invalid(name, text, `well-formed text of at most ${bytesMax} bytes of UTF-8, in an encrypted queue`);
}
