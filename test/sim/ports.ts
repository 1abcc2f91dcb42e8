// Message ports and broadcast channels between contexts. Messages are cloned when posted, arrive later, in the order
// of their sender, and never at a dead context; nobody is told that one is dead.

import type { Channel } from "../../src/link/finding/directory.js";
import type { Port } from "../../src/link/rpc/guard.js";
import { copyOf } from "./copy.js";
import type { Random } from "./random.js";
import type { Context, Scheduler } from "./scheduler.js";

type Listener = (event: MessageEvent) => void;

export interface Network {
  /** The two ends of a message channel, one in each context. */
  pair(a: Context, b: Context): [Port, Port];
  channel(context: Context, name: string): Channel;
  /** What is posted there may be lost, or overtaken by what others post. */
  announce(context: Context, name: string, notice: unknown): void;
}

export interface NetworkParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly isNoticeLost: () => boolean;
  /**
   * How long after it was opened a channel hears what others post, if its context posts nothing in the meantime: what one
   * context does is known in its order. Default: at once.
   */
  readonly deafMs?: (() => number) | undefined;
}

interface End {
  readonly context: Context;
  readonly listeners: Set<Listener>;
  isClosed: boolean;
  isStarted: boolean;
  readonly waiting: unknown[];
  /** What is posted earlier does not reach it. */
  hearsFrom: number;
}

const newEnd = (context: Context, isStarted: boolean): End => ({
  context,
  listeners: new Set(),
  isClosed: false,
  isStarted,
  waiting: [],
  hearsFrom: 0,
});

/** Comlink posts this when the garbage collector finds its proxy: when that is, no seed can say. */
const isOfGarbageCollector = (message: unknown): boolean =>
  typeof message === "object" && message !== null && Reflect.get(message, "type") === "RELEASE";

function receive(end: End, data: unknown): void {
  // What comes while earlier messages wait for the start waits behind them.
  if (!end.isStarted || end.waiting.length > 0) end.waiting.push(data);
  else emit(end, data);
}

function emit(end: End, data: unknown): void {
  if (end.isClosed) return;
  for (const listener of [...end.listeners]) listener({ data } as MessageEvent);
}

function flush(end: End): void {
  emit(end, end.waiting.shift());
  if (end.waiting.length > 0) end.context.plan(() => flush(end), 0);
}

export function createNetwork({ scheduler, random, isNoticeLost, deafMs }: NetworkParts): Network {
  const channels = new Map<string, Set<End>>();
  const endsOf = new WeakMap<Context, Set<End>>();
  const latency = () => (random.chance(0.03) ? random.between(5, 40) : random.between(0, 2));

  /** A way from one end to another, in order. */
  const createWay = () => {
    let lastAt = 0;
    return (to: End, data: unknown) => {
      const at = Math.max(lastAt, scheduler.now + latency());
      lastAt = at;
      to.context.plan(() => receive(to, data), at - scheduler.now);
    };
  };

  const listening = (end: End) => ({
    addEventListener(type: string, listener: Listener) {
      if (type === "message") end.listeners.add(listener);
    },
    removeEventListener(type: string, listener: Listener) {
      if (type === "message") end.listeners.delete(listener);
    },
  });

  const port = (from: End, to: End): Port => {
    const way = createWay();
    return {
      ...listening(from),
      postMessage(message) {
        if (isOfGarbageCollector(message)) return;
        const copy = copyOf(message);
        if (!from.isClosed && from.context.isAlive) way(to, copy);
      },
      start() {
        if (from.isStarted) return;
        from.isStarted = true;
        if (from.waiting.length > 0) from.context.plan(() => flush(from), 0);
      },
      close() {
        from.isClosed = true;
      },
      dispatchEvent: (event) => emit(from, (event as MessageEvent).data),
    };
  };

  return {
    pair(a, b) {
      const [one, other] = [newEnd(a, false), newEnd(b, false)];
      return [port(one, other), port(other, one)];
    },
    channel(context, name) {
      const members = channels.get(name) ?? new Set<End>();
      channels.set(name, members);
      const own = newEnd(context, true);
      if (deafMs) own.hearsFrom = scheduler.now + deafMs();
      const ofContext = endsOf.get(context) ?? new Set<End>();
      endsOf.set(context, ofContext.add(own));
      members.add(own);
      context.onDeath(() => members.delete(own));
      const ways = new WeakMap<End, ReturnType<typeof createWay>>();
      return {
        ...listening(own),
        postMessage(message) {
          if (isOfGarbageCollector(message) || own.isClosed || !context.isAlive) return;
          const copy = copyOf(message);
          for (const end of ofContext) end.hearsFrom = 0;
          for (const member of members) {
            if (member === own || scheduler.now < member.hearsFrom) continue;
            const way = ways.get(member) ?? createWay();
            ways.set(member, way);
            way(member, copyOf(copy));
          }
        },
        close() {
          own.isClosed = true;
          members.delete(own);
          ofContext.delete(own);
        },
      };
    },
    announce(context, name, notice) {
      for (const member of channels.get(name) ?? []) {
        if (member.context === context || isNoticeLost()) continue;
        const copy = copyOf(notice);
        member.context.plan(() => receive(member, copy), latency());
      }
    },
  };
}
