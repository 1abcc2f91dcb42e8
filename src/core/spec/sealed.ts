// What says which key something is encrypted with.

import { string } from "./check.js";

/** Id of a key, or a key that is wrapped. */
export const sealed = string(1, 4_096);
