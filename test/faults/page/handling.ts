// What the tests' consumers do with a message: report it, take their time, acknowledge it, report that.

import { type Delivery, QueueError } from "../../../src/index.js";
import type { ConsumeLoad, Report } from "./lab.js";

/** A report without what its reporter adds. */
export type Unsigned = Report extends infer One ? (One extends Report ? Omit<One, "epoch" | "wroteAt"> : never) : never;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
export const codeOf = (error: unknown) => (error instanceof QueueError ? error.code : String(error));

/** What a delivery tells nobody: the token of the hand-out that it came with. Empty where a build keeps it elsewhere. */
function grantOf(delivery: Delivery): string {
  for (const symbol of Object.getOwnPropertySymbols(delivery)) {
    const held: unknown = Reflect.get(delivery, symbol);
    const grant: unknown = typeof held === "object" && held !== null ? Reflect.get(held, "grantId") : undefined;
    if (typeof grant === "string") return grant;
  }
  return "";
}

export function createHandler(
  report: (event: Unsigned) => Promise<void>,
  { handlerMs = 0, slowMs = handlerMs, stuckOn }: ConsumeLoad,
  held?: Promise<void>,
) {
  return async (delivery: Delivery<string>): Promise<void> => {
    // What makes a body large comes behind its name.
    const [body = ""] = delivery.body.split(".");
    const about = { body, id: delivery.id, attempt: delivery.attempt, grant: grantOf(delivery) };
    await report({ type: "delivered", ...about });
    if (stuckOn !== undefined && body.includes(stuckOn)) await new Promise(() => {});
    const ms = Number(body.slice(-6)) % 20 === 0 ? slowMs : handlerMs;
    if (ms > 0) await sleep(ms);
    await held;
    await report({ type: "settling", ...about });
    try {
      await delivery.ack();
      await report({ type: "acked", ...about });
    } catch (error) {
      await report({ type: "unsettled", ...about, code: codeOf(error) });
    }
  };
}
