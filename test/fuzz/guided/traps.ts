// What hostile input would do to the whole context: change a prototype, or run text as code. Invariant: a trap that has
// sprung once is set again.

const PROTOTYPES = [
  ...[Object, Array, Function, String, Number, Boolean, Map, Set, Date, RegExp, Error, Promise, Uint8Array],
].map(({ name, prototype }) => ({ name, prototype: prototype as object, was: picture(prototype) }));

function picture(prototype: object): readonly (readonly [PropertyKey, PropertyDescriptor | undefined])[] {
  return Reflect.ownKeys(prototype).map((key) => [key, Object.getOwnPropertyDescriptor(prototype, key)]);
}

const isSame = (one: PropertyDescriptor | undefined, other: PropertyDescriptor | undefined) =>
  one?.value === other?.value && one?.get === other?.get && one?.set === other?.set;

const ran: string[] = [];

/** From here on nothing can make code out of text. */
export function setTraps(): void {
  const kinds = [() => {}, async () => {}, function* () {}, async function* () {}];
  for (const kind of kinds) {
    const prototype = Object.getPrototypeOf(kind) as object;
    const trap = (...args: unknown[]) => {
      ran.push(args.join());
      throw new Error("text was run as code");
    };
    Object.defineProperty(prototype, "constructor", { value: trap, configurable: true, writable: true });
  }
  Object.assign(globalThis, { eval: (text: unknown) => ran.push(String(text)) });
  for (const trapped of PROTOTYPES) trapped.was = picture(trapped.prototype);
}

/** Cheap: whether anything is there that was not. */
export function isSprung(): boolean {
  return ran.length > 0 || PROTOTYPES.some(({ prototype, was }) => Reflect.ownKeys(prototype).length !== was.length);
}

/** What has happened since the last call; undoes it. */
export function springs(): readonly string[] {
  const found = ran.splice(0).map((text) => `text was run as code: ${text}`);
  for (const { name, prototype, was } of PROTOTYPES) {
    for (const [key, descriptor] of was) {
      if (isSame(Object.getOwnPropertyDescriptor(prototype, key), descriptor)) continue;
      found.push(`${name}.prototype.${String(key)} is another one`);
      Object.defineProperty(prototype, key, descriptor as PropertyDescriptor);
    }
    const keys = new Set(was.map(([key]) => key));
    for (const key of Reflect.ownKeys(prototype)) {
      if (keys.has(key)) continue;
      found.push(`${name}.prototype has a ${String(key)}`);
      Reflect.deleteProperty(prototype, key);
    }
  }
  return found;
}
