// The first thing that is asked of a queue: that it is there.

import { abortable } from "../runtime/abortable.js";
import { type QueueOptions, settingsOf } from "../sending/options.js";
import type { Client } from "./client.js";

export interface Given {
  readonly options: QueueOptions;
  readonly lazy: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Resolves once the queue is there with the settings given; lazily, and where none are, at once. */
export async function configureQueue(client: Client, name: string, { options, lazy, signal }: Given): Promise<void> {
  const settings = settingsOf(options);
  if (lazy && Object.keys(settings).length === 0) return;
  signal?.throwIfAborted();
  // Said with the hello, where this is the first.
  const configured = client.pipeline.command({ type: "configure", queue: name, settings }, signal);
  configured.catch(() => {});
  await client.connected(signal);
  await abortable(configured, signal);
}
