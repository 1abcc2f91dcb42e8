// WebSockets between contexts: frames arrive later, in order, whole. A line can be cut, which both ends hear; die, which
// nobody hears; or stand, and go on. What ends one end's context ends the line, or, where its power went, leaves it dead.

import type { Socket } from "../../src/link/socket/line.js";
import type { Random } from "./random.js";
import type { Context, Scheduler } from "./scheduler.js";

type Kind = "open" | "message" | "close" | "error";
type Listener = (event: { readonly data?: unknown }) => void;

interface End {
  readonly context: Context;
  readonly listeners: Map<Kind, Set<Listener>>;
  isClosed: boolean;
}

/** A socket between two contexts, and what may befall it. */
export interface Wire {
  /** One in each context. */
  readonly ends: readonly [Socket, Socket];
  /** Tells the first end that the other one has taken it. */
  open(): void;
  /** What is on its way is lost, and both ends hear that it is over. */
  cut(): void;
  /** What is on its way, and all that follows, is lost; nobody hears of it. */
  die(): void;
  /** Nothing arrives for so long; then all does. */
  hold(ms: number): void;
}

export interface WireParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
}

/** Comlink posts this when the garbage collector finds its proxy: when that is, no seed can say. */
const RELEASE = [...new TextEncoder().encode("RELEASE")];
const SHORT_BYTES = 200;
const isOfGarbageCollector = (frame: Uint8Array): boolean =>
  frame.length < SHORT_BYTES && frame.some((_, at) => RELEASE.every((byte, i) => frame[at + i] === byte));

export function createWire({ scheduler, random }: WireParts, from: Context, to: Context): Wire {
  let isDead = false;
  let isCut = false;
  let heldUntil = 0;
  const latency = () => (random.chance(0.03) ? random.between(5, 60) : random.between(0, 3));
  const newEnd = (context: Context): End => ({ context, listeners: new Map(), isClosed: false });
  const emit = (end: End, kind: Kind, data?: unknown) => {
    if (end.isClosed) return;
    if (kind === "close") end.isClosed = true;
    for (const listener of [...(end.listeners.get(kind) ?? [])]) listener({ data });
  };

  /** The way to one end, in order. */
  const createWay = (end: End) => {
    let lastAt = 0;
    return (kind: Kind, data?: unknown) => {
      if (isDead || isCut) return;
      const at = Math.max(lastAt, heldUntil, scheduler.now + latency());
      lastAt = at;
      end.context.plan(() => {
        if (!isDead && !isCut) emit(end, kind, data);
      }, at - scheduler.now);
    };
  };

  const ends = [newEnd(from), newEnd(to)] as const;
  const ways = [createWay(ends[0]), createWay(ends[1])] as const;
  const over = (end: End) => void end.context.plan(() => emit(end, "close"), latency());
  const socketAt = (here: 0 | 1): Socket => {
    const own = ends[here];
    const way = ways[here === 0 ? 1 : 0];
    own.context.onDeath(() => {
      if (random.chance(0.3)) isDead = true;
      else if (!isDead) cut();
    });
    return {
      binaryType: "",
      send(frame) {
        if (own.isClosed) throw new Error("the socket is closed");
        if (typeof frame === "string") way("message", frame);
        else if (!isOfGarbageCollector(frame)) way("message", frame.slice().buffer);
      },
      close() {
        if (own.isClosed) return;
        own.isClosed = true;
        way("close");
      },
      addEventListener(kind, listener) {
        own.listeners.set(kind, (own.listeners.get(kind) ?? new Set()).add(listener));
      },
    };
  };
  const cut = () => {
    if (isCut || isDead) return;
    isCut = true;
    for (const end of ends) over(end);
  };

  return {
    ends: [socketAt(0), socketAt(1)],
    open: () => ways[0]("open"),
    cut,
    die() {
      isDead = true;
    },
    hold(ms) {
      heldUntil = Math.max(heldUntil, scheduler.now + ms);
    },
  };
}
