// What tabs and service workers reported, as the history that the checker judges.

import type { HistoryEvent } from "../checker/history.js";
import type { Recorded } from "../faults/lab.js";

/** A send that ended so may have been stored. */
const UNKNOWN = new Set(["host-lost", "closed", "storage-failed", "storage-lost", "internal"]);

export function eventOf(recorded: Recorded): HistoryEvent {
  const { at, tab, body, epoch, wroteAt } = recorded;
  const about = { at, body, epoch, wroteAt };
  switch (recorded.type) {
    case "sending": {
      const { groupId, delayMs } = recorded;
      const how = { ...(groupId !== undefined && { groupId }), ...(delayMs !== undefined && { delayMs }) };
      return { type: "send", ...about, producer: tab, ...how };
    }
    case "sent":
      return { type: "sent", ...about, id: recorded.id };
    case "refused":
      return { type: UNKNOWN.has(recorded.code) ? "send-unknown" : "send-failed", ...about, code: recorded.code };
  }
  const { id, attempt, grant } = recorded;
  const delivery = { ...about, id, attempt, consumer: tab, token: grant };
  switch (recorded.type) {
    case "delivered":
      return { type: "delivered", ...delivery };
    case "settling":
      return { type: "settle", verdict: "ack", ...delivery };
    case "acked":
      return { type: "settled", verdict: "ack", ...delivery };
    case "unsettled":
      return { type: "settle-failed", verdict: "ack", code: recorded.code, ...delivery };
  }
}
