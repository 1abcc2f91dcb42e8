// What each request of a client that has said hello means: where it goes, and what it is answered with.

import { hasRoom } from "../../core/commands/overflow.js";
import type { State } from "../../core/state/state.js";
import { isIdle } from "../../core/view/view.js";
import type { CheckReport, Inspection, JournalTail } from "../../link/rpc/inspection.js";
import type { RequestAfterHello } from "../../link/rpc/validate.js";
import type { ClientView, Diagnostics } from "../../link/rpc/views.js";
import type { Delivery } from "../delivery/delivery.js";
import { type Inward, submit } from "../engine/submit.js";
import type { Reads } from "../report/reads.js";
import type { Snapshots } from "../report/snapshots.js";
import type { Watchers } from "../report/watchers.js";
import type { Clients } from "./clients.js";
import type { Session } from "./session.js";

export interface RequestParts {
  state(): State;
  readonly inward: Inward;
  readonly delivery: Delivery;
  readonly reads: Reads;
  readonly snapshots: Snapshots;
  readonly watchers: Watchers;
  readonly clients: Pick<Clients, "suspend" | "goodbye" | "introduce">;
  /** Who is connected. */
  connected(): Promise<ClientView[]>;
  diagnostics(): Promise<Diagnostics>;
  check(isRepairing: boolean): Promise<CheckReport>;
  inspect(match: string): Promise<Inspection>;
  journal(max: number): Promise<JournalTail>;
}

export async function answer(session: Session, asked: RequestAfterHello, parts: RequestParts): Promise<unknown> {
  const { state, inward, delivery, reads, watchers, clients } = parts;
  const { client } = session;
  switch (asked.op) {
    case "submit":
      return submit({ ...asked, client }, inward);
    case "consume":
      return delivery.consume(session, asked);
    case "receive":
      return delivery.receive(session, asked);
    case "idle":
      return delivery.until(client, asked.waiter, () => isIdle(state().queues.get(asked.queue)));
    case "room":
      return delivery.until(client, asked.waiter, () => hasRoom(state().queues.get(asked.queue), asked));
    case "cancel":
      watchers.cancel(asked.waiter, client);
      parts.snapshots.end(client, asked.waiter);
      return delivery.cancel(client, asked.waiter);
    case "peek":
      return session.page((bytesMax) => reads.peek(asked, bytesMax));
    case "snapshot":
      return parts.snapshots.take(client, asked);
    case "snapshot-page":
      return session.page((bytesMax) => parts.snapshots.page(client, asked, bytesMax));
    case "dead-letters":
      return session.page((bytesMax) => reads.deadLetters(asked, bytesMax));
    case "stats":
      return reads.stats(asked.queue);
    case "watch": {
      const { waiter: id, queue, everyMs } = asked;
      return watchers.add({ id, client, queue, everyMs, push: (stats) => session.pushStats(id, stats) });
    }
    case "fates":
      return reads.fates(asked);
    case "group":
      return reads.groupWaits(asked);
    case "schedules":
      return session.page((bytesMax) => reads.schedules(asked, bytesMax));
    case "plain-ids":
      return reads.plainIds(asked);
    case "summaries":
      return reads.summaries();
    case "queues":
      return reads.queues();
    case "diagnostics":
      return parts.diagnostics();
    case "clients":
      return parts.connected();
    case "introduce":
      return clients.introduce(client, { context: asked.context, label: asked.label ?? null });
    case "journal":
      return parts.journal(asked.max);
    case "check":
      return parts.check(asked.repair);
    case "inspect":
      return parts.inspect(asked.match);
    case "suspend":
      return clients.suspend(client);
    case "goodbye":
      return clients.goodbye(client);
  }
}
