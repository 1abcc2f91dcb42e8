// Messages that are sealed together, so that WebCrypto is called once for all of them, which costs as much as once for one.
//
//   content: lines of JSON, what they were sealed for and their headers in the first, then the body of each
//
// Invariants: those of one envelope leave the queue at about the same time, as far as their sender has said; and each has a
// small part of it, so that one that stays behind takes little along.

import type { Attributes, Item } from "../client/sending/item.js";
import type { Headers } from "../core/log/bodies.js";
import { SHARED_BYTES_MAX, SHARED_TEXT_MAX, SHARERS_MAX } from "../core/spec/limits.js";
import { type Bytes, fromUtf8 } from "./bytes.js";
import type { Content } from "./content.js";
import { HEAD_BYTES_MAX, TAG_BYTES } from "./keyring.js";

/** Where one of several may be. */
export interface Sealed {
  readonly priority: number;
  /** As the host knows it. */
  readonly groupId: string | null;
  /** Sent under a deduplication id: it may take the place of another, with that one's priority and group. */
  readonly isNamed: boolean;
}

interface Head {
  /** Of all of them. */
  readonly priority: number;
  /** Missing where no message has any: these, too. */
  readonly groups?: readonly (string | null)[];
  readonly named?: readonly boolean[];
  readonly headers?: readonly (Headers | null)[];
}

/** Length of the texts of one envelope: the rest is for what else is in it. */
const TEXTS_MAX = 0.875 * SHARED_BYTES_MAX;

const encoder = new TextEncoder();

/** The places of those that are sealed together, in their order. */
export function together(items: readonly Item[]): readonly (readonly number[])[] {
  const all: number[][] = [];
  const open = new Map<string, { readonly places: number[]; room: number }>();
  let last: Attributes | undefined;
  let key = "";
  for (const [place, { text, attributes }] of items.entries()) {
    const places = [place];
    if (text === undefined || text.length > SHARED_TEXT_MAX) {
      all.push(places);
      continue;
    }
    if (attributes !== last) key = JSON.stringify(Object.entries(attributes).sort());
    last = attributes;
    const some = open.get(key);
    if (some && some.places.length < SHARERS_MAX && text.length <= some.room) {
      some.places.push(place);
      some.room -= text.length + 1;
    } else {
      all.push(places);
      open.set(key, { places, room: TEXTS_MAX - text.length });
    }
  }
  return all;
}

/** Where texts become bytes before it is known how many they are: memory of its own takes four times as long. */
let scratch: Bytes | undefined;

/**
 * Those of `together`: each is a text. The bytes are good until it is called again; `undefined` where they would be too many,
 * as of texts with few letters of ASCII.
 */
export function encodeSeveral(messages: readonly Omit<Item, "body" | "bytes">[]): Bytes | undefined {
  const isNamed = ({ deduplicationId }: Pick<Item, "deduplicationId">) => deduplicationId !== undefined;
  const head: Head = {
    priority: (messages[0] as Item).attributes.priority,
    ...(messages.some(({ groupId }) => groupId !== undefined) && {
      groups: messages.map(({ groupId = null }) => groupId),
    }),
    ...(messages.some(isNamed) && { named: messages.map(isNamed) }),
    ...(messages.some(({ headers }) => headers) && { headers: messages.map(({ headers = null }) => headers) }),
  };
  let lines = JSON.stringify(head);
  for (const { text } of messages) lines += `\n${text}`;
  scratch ??= new Uint8Array(SHARED_BYTES_MAX - HEAD_BYTES_MAX - TAG_BYTES);
  const { read, written } = encoder.encodeInto(lines, scratch);
  return read < lines.length ? undefined : scratch.subarray(0, written);
}

/** Gives one by its place; `undefined` where there is none. */
export type Several = (place: number) => One | undefined;

class One implements Sealed, Content {
  constructor(
    private readonly head: Head,
    private readonly text: string,
    private readonly place: number,
  ) {}

  get priority(): number {
    return this.head.priority;
  }
  get groupId(): string | null {
    return this.head.groups?.[this.place] ?? null;
  }
  get isNamed(): boolean {
    return this.head.named?.[this.place] === true;
  }
  get headers(): Headers | undefined {
    return this.head.headers?.[this.place] ?? undefined;
  }
  /** Taken apart where somebody looks at it, which many do not. */
  get body(): unknown {
    return JSON.parse(this.text);
  }
}

/** Throws what cannot have been written by `encodeSeveral`: it came from an envelope that opened. */
export function decodeSeveral(bytes: Bytes): Several {
  const [first = "", ...texts] = fromUtf8(bytes).split("\n");
  const head = JSON.parse(first) as Head;
  return (place) => {
    const text = texts[place];
    return text === undefined ? undefined : new One(head, text, place);
  };
}
