// Checks of options that bridges to and from several engines have.

import { aFunction, type Check, check, string } from "../../core/spec/check.js";

/** One address or several, or an open connection. */
export const servers: Check = (value, name) => {
  if (Array.isArray(value)) for (const one of value) check(string(1, 2_000), one, name);
  else if (typeof value !== "object" || value === null) check(string(1, 2_000), value, name);
};

/** A text, or what makes one of a message. */
export const textOrFunction =
  (text: ReturnType<typeof string>): Check =>
  (value, name) => {
    if (typeof value === "function") aFunction(value, name);
    else check(text, value, name);
  };
