// Checks of options that bridges to and from several engines have.

import { aFunction, type Check, check, invalid, string } from "../../core/spec/check.js";

/** One address or several, or an open connection, which is known by one of its methods. */
export const servers =
  (method: string): Check =>
  (value, name) => {
    if (typeof value === "string") return check(string(1, 2_000), value, name);
    if (!Array.isArray(value)) {
      const isOpen = typeof (value as Record<string, unknown> | null)?.[method] === "function";
      if (!isOpen) invalid(name, value, "one address or several, or an open connection");
      return;
    }
    if (value.length === 0) invalid(name, value, "one address or several");
    for (const one of value) check(string(1, 2_000), one, name);
  };

/**
 * A text, or what makes one of a message. `assertFit` throws, with why, where nothing can be sent by this text: of one that is
 * made of a message, that message alone is refused.
 */
export const textOrFunction =
  (text: ReturnType<typeof string>, assertFit: (value: unknown) => void = () => {}): Check =>
  (value, name) => {
    if (typeof value === "function") return aFunction(value, name);
    check(text, value, name);
    try {
      assertFit(value);
    } catch (error) {
      invalid(name, value, `one to send to: ${(error as Error).message}`);
    }
  };
