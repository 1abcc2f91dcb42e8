// What tabs reported, as the history that the checker judges.

import type { HistoryEvent } from "../checker/history.js";
import type { Recorded } from "../faults/lab.js";
import type { Handled } from "../faults/page/lab.js";

/** A send that ended so may have been stored. */
const UNKNOWN = new Set(["host-lost", "closed", "storage-failed", "storage-lost", "internal"]);

export function eventOf(recorded: Recorded): HistoryEvent {
  const { at, tab, body } = recorded;
  const delivery = (id: string, attempt: number) => ({ at, body, id, attempt, consumer: tab });
  switch (recorded.type) {
    case "sending":
      return { type: "send", at, body, producer: tab };
    case "sent":
      return { type: "sent", at, body, id: recorded.id };
    case "refused":
      return { type: UNKNOWN.has(recorded.code) ? "send-unknown" : "send-failed", at, body, code: recorded.code };
    case "delivered":
      return { type: "delivered", ...delivery(recorded.id, recorded.attempt) };
    case "settling":
      return { type: "settle", verdict: "ack", ...delivery(recorded.id, recorded.attempt) };
    case "acked":
      return { type: "settled", verdict: "ack", ...delivery(recorded.id, recorded.attempt) };
    case "unsettled":
      return {
        type: "settle-failed",
        verdict: "ack",
        code: recorded.code,
        ...delivery(recorded.id, recorded.attempt),
      };
  }
}

/** What the service worker handled: its handlers end at once, their settlements are not answered one by one. */
export const eventsOfServiceWorker = (handled: readonly Handled[], at: number): HistoryEvent[] =>
  handled.flatMap(({ id, body, attempt }) => {
    // What makes a body large comes behind its name.
    const [name = ""] = body.split(".");
    const delivery = { at, body: name, id, attempt, consumer: "service-worker" };
    return [
      { type: "delivered", ...delivery },
      { type: "settle", verdict: "ack", ...delivery },
    ] satisfies HistoryEvent[];
  });
