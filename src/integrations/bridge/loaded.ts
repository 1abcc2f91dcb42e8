// Packages that only one kind of bridge needs: the application's to install, loaded when a bridge opens.

import { QueueError } from "../../core/spec/errors.js";

/** Rejects with `unsupported`, saying what to install. */
export async function loaded<T>(name: string, forWhat: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new QueueError("unsupported", `a bridge ${forWhat} needs the package ${name}: npm install ${name}`, {
      cause,
    });
  }
}
