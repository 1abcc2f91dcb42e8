// What is sent, sealed: alone, or together with what is sent in the same call or the same turn and is like it.
// Invariant: a message that cannot be written costs nobody else's.

import type { Item } from "../client/sending/item.js";
import type { Seal } from "../client/sending/sealed.js";
import { shareBytes } from "../core/log/share.js";
import { estimateBytes } from "../core/log/size.js";
import { type Deferred, deferred } from "../link/rpc/deferred.js";
import type { Bytes } from "./bytes.js";
import { encodeContent } from "./content.js";
import type { Keyring, Kind } from "./keyring.js";
import type { Names } from "./names.js";
import { encodeSeveral, together } from "./several.js";
import { toldOf } from "./told-of.js";

/** What it is sealed as, and where for. `named`: under a deduplication id. */
export interface SealedAs {
  readonly alone: Kind;
  readonly named: Kind;
  readonly several: Kind;
  /** The queue or topic. */
  readonly to: string;
}

export interface SealerParts {
  readonly keyring: Keyring;
  readonly names: Names;
  readonly shredded: AbortSignal;
  /** Whether all who may read it know what is sealed together, and the host how large it is. */
  maySeveral(): boolean;
}

export const sealedItem = (item: Item, body: Bytes, key: string): Item => ({
  body,
  text: undefined,
  bytes: estimateBytes(body),
  headers: undefined,
  groupId: undefined,
  deduplicationId: undefined,
  attributes: { ...item.attributes, sealed: key },
});

/** It has a name that is to be hidden, which takes the key. */
export const isNamed = ({ groupId, deduplicationId }: Item): boolean =>
  groupId !== undefined || deduplicationId !== undefined;

/** `alone`: what is sealed by itself, whatever is sent beside it, since it stays. */
export function createSealer(parts: SealerParts, as: SealedAs): { readonly seal: Seal; readonly alone: Seal } {
  const { keyring, names, shredded, maySeveral } = parts;

  /** Its names hidden. */
  const named = (item: Item): Item | Promise<Item> => (isNamed(item) ? hide(item) : item);
  const hide = async (item: Item): Promise<Item> => ({
    ...item,
    groupId: item.groupId === undefined ? undefined : await names.hideGroup(item.groupId),
    deduplicationId: item.deduplicationId === undefined ? undefined : await names.nameOf(item.deduplicationId),
  });

  const sealAlone = async (item: Item): Promise<Item> => {
    const { groupId, deduplicationId, attributes } = item;
    const isNamed = deduplicationId !== undefined;
    // What is sent under a deduplication id may take the place of another message, with that one's attributes.
    const identity = isNamed ? [as.to] : [as.to, attributes.priority, groupId ?? null];
    const body = await keyring.seal(isNamed ? as.named : as.alone, identity, await encodeContent(item));
    return { ...sealedItem(item, body, keyring.id), groupId, deduplicationId };
  };

  const sealSeveral = async (items: readonly Item[]): Promise<readonly Item[]> => {
    if (items.length === 1) return [await sealAlone(items[0] as Item)];
    const content = encodeSeveral(items);
    if (content === undefined) {
      const middle = Math.ceil(items.length / 2);
      return (await Promise.all([items.slice(0, middle), items.slice(middle)].map(sealSeveral))).flat();
    }
    const envelope = await keyring.seal(as.several, [as.to], content);
    const bytes = shareBytes([envelope, 0], items.length);
    const attributes = { ...items[0]?.attributes, sealed: keyring.id } as Item["attributes"];
    return items.map(({ groupId, deduplicationId }, place) => ({
      body: [envelope, place],
      text: undefined,
      bytes,
      headers: undefined,
      groupId,
      deduplicationId,
      attributes,
    }));
  };

  const sealAll = async (given: readonly Item[]): Promise<readonly Item[]> => {
    const items = given.some(isNamed)
      ? await Promise.all(given.map((item, place) => atPlace(named(item), place)))
      : given;
    if (!maySeveral()) return Promise.all(items.map((item, place) => atPlace(sealAlone(item), place)));
    const sealed = new Array<Item>(items.length);
    const sealPart = async (places: readonly number[]) => {
      const some = await sealSeveral(places.map((place) => items[place] as Item));
      for (const [i, place] of places.entries()) sealed[place] = some[i] as Item;
    };
    await Promise.all(together(items).map((places) => atPlace(sealPart(places), places[0] as number)));
    return sealed;
  };

  let gathered: (Pick<Deferred<readonly Item[]>, "resolve" | "reject"> & { readonly item: Item })[] = [];
  /** What was sent one by one in this turn. */
  const sealGathered = () => {
    const all = gathered;
    gathered = [];
    for (const places of together(all.map(({ item }) => item))) {
      const some = places.map((place) => all[place] as (typeof all)[number]);
      sealSeveral(some.map(({ item }) => item)).then(
        (sealed) => {
          for (const [i, { resolve }] of some.entries()) resolve([sealed[i] as Item]);
        },
        (error) => {
          for (const { reject } of some) reject(error);
        },
      );
    }
  };
  const sealOne = (item: Item): Promise<readonly Item[]> => {
    const { promise, resolve, reject } = deferred<readonly Item[]>();
    if (gathered.push({ item, resolve, reject }) === 1) queueMicrotask(sealGathered);
    return promise;
  };

  const sealHidden = (item: Item): Promise<readonly Item[]> =>
    maySeveral() ? sealOne(item) : sealAlone(item).then((sealed) => [sealed]);

  return {
    // Of one that is sent by itself each promise counts: it has no more than the one that it is sealed with.
    seal(items) {
      if (shredded.aborted) return Promise.reject(shredded.reason);
      const [item] = items;
      if (items.length !== 1 || item === undefined) return sealAll(items);
      if (isNamed(item)) return hide(item).then(sealHidden);
      return sealHidden(item);
    },
    async alone(items) {
      shredded.throwIfAborted();
      return Promise.all(items.map(async (item) => sealAlone(await named(item))));
    },
  };
}

/** Of one of several. */
const atPlace = <T>(made: T | Promise<T>, index: number): T | Promise<T> =>
  made instanceof Promise ? made.catch(toldOf(`message ${index}`, { index })) : made;
