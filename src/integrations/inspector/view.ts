// What the views of an inspector have in common: what they stand on, and how each is told of what is.

import type { Connection, Inspection, Queue } from "../../index.js";
import type { Bundle } from "./bundle.js";
import type { Rest } from "./rest.js";
import type { Source } from "./source.js";

/** A part of the inspector that follows what the host says. */
export interface View {
  readonly element: HTMLElement;
  /** Called when it can be seen. */
  update(inspection: Inspection): void;
  /** It can be seen no more. */
  end?(): void;
}

/** What can be acted on. */
export interface Live {
  readonly connection: Connection;
  /** Opened once each; they are closed with the inspector. Rejects where it is not there: to open it would make it. */
  openQueue(name: string): Promise<Queue>;
  /** Throws an `Error` that says what the schema of the queue, if it has one, does not allow. */
  checkBody(name: string, body: unknown): Promise<void>;
}

/** What the inspector's parts stand on. */
export interface Inspecting {
  readonly source: Source;
  /** Missing where the inspector only looks: at a bundle. */
  readonly live: Live | undefined;
  /** Shows this bundle in place of the database, or the database again. */
  showBundle(bundle: Bundle | undefined): void;
  /** Of the host: all that is read again and again waits for it. */
  readonly rest: Rest;
  /** What a client calls itself, as far as it is there. */
  clientName(id: string): string | undefined;
  /** Epoch milliseconds of what is shown: now, or when the bundle was made. */
  now(): number;
  /** Says what was done; `undo` takes it back, if the reader asks for it soon. */
  say(text: string, undo?: () => Promise<unknown>): void;
  /** Does what cannot be taken back, a few seconds from now, unless the reader takes it back before; `failed`: said where it fails. */
  later(text: string, failed: string, run: () => Promise<unknown>): void;
  /** Runs it, and tells the reader where it fails; `false` then. */
  attempt(what: string, run: () => Promise<unknown>): Promise<boolean>;
  /** Of more queues than are read at once, those whose names contain `text` are read, too; "" ends it. `by`: what looks for them. */
  lookFor(by: "filter" | "chosen", text: string): void;
  /** Reads anew what is shown: something was done. */
  refresh(): void;
  /** Shows this queue. */
  showQueue(name: string): void;
}
