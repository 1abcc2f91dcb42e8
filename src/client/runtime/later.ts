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
      const what =
        "a part of OriginMQ could not be loaded: its file must be served beside the page's script, and be in reach";
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

/** One that is there from the start: where nothing can be loaded later. */
export const already = <Part>(part: Part): Later<Part> => ({ now: part, get: async () => part });
