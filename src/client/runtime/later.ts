// A part that is loaded when it is first asked for. Invariant: it is loaded once; what could not be loaded is tried again by
// whoever asks next, and who asked hears of it as of any other failure.

import { QueueError } from "../../core/spec/errors.js";

export interface Later<Part> {
  /** The part, once it is there. */
  readonly now: Part | undefined;
  /** Loads it. Rejects with `unsupported` where its file is not to be had. */
  get(): Promise<Part>;
}

export function later<Part>(load: () => Promise<Part>): Later<Part> {
  let now: Part | undefined;
  let loading: Promise<Part> | undefined;
  const get = async (): Promise<Part> => {
    try {
      now = await load();
      return now;
    } catch (cause) {
      loading = undefined;
      const what = "a part of OriginMQ could not be loaded: serve its file beside the page's script";
      throw cause instanceof QueueError ? cause : new QueueError("unsupported", what, { cause });
    }
  };
  return {
    get now() {
      return now;
    },
    get() {
      loading ??= get();
      return loading;
    },
  };
}

/** Until what is not needed to send is loaded: longer than a first send takes, shorter than anybody needs to lose the network. */
export const SOON_MS = 100;

/** One that is there from the start: where nothing can be loaded later. */
export const already = <Part>(part: Part): Later<Part> => ({ now: part, get: async () => part });
