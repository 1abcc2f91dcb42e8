// The first thing that is asked of a queue: that it is there.

import type { QueueSettings } from "../../core/spec/settings.js";
import { abortable } from "../runtime/abortable.js";
import { type QueueOptions, settingsOf } from "../sending/options.js";
import type { Client } from "./client.js";

export interface Given {
  readonly options: QueueOptions;
  readonly lazy: boolean | undefined;
  readonly signal: AbortSignal | undefined;
  /** Id of its key, where it is encrypted. */
  readonly sealed?: string;
}

/** Resolves once the queue is there with the settings given; lazily, and where none are, at once. */
export async function configureQueue(
  client: Client,
  name: string,
  { options, lazy, signal, ...sealed }: Given,
): Promise<void> {
  const settings = settingsOf(options);
  if (!lazy || Object.keys(settings).length > 0) await configure(client, name, settings, signal, sealed);
}

/** Resolves once the queue is there with these settings. */
export async function configure(
  client: Client,
  queue: string,
  settings: Partial<QueueSettings>,
  signal: AbortSignal | undefined,
  sealed: Pick<Given, "sealed"> = {},
): Promise<void> {
  // Said with the hello, where this is the first.
  const configured = client.pipeline.command({ type: "configure", queue, settings, ...sealed }, signal);
  configured.catch(() => {});
  await client.connected(signal);
  await abortable(configured, signal);
}
