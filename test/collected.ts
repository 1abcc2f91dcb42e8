// What nobody holds any more is gone: for tests of what is let go.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
export const collect = runInNewContext("gc") as () => void;

/** Once what was on its way has come, and finalizers have run. */
export async function collected(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
  }
}
