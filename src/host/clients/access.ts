// What a client that has come over a network may do: verbs by queue. Same-origin clients have no such limits.
// Invariants: every request is asked for before anything looks at the queue it names, so that no answer says whether
// there is such a queue; a client is known by a name that no other identity can take.

import { arrayOf, type Check, check, invalid, oneOf, shape, string } from "../../core/spec/check.js";
import { QueueError } from "../../core/spec/errors.js";
import { instant } from "../../core/spec/fields.js";
import { KEY_QUEUE } from "../../core/spec/key-queue.js";
import { IDENTITY_MAX } from "../../core/spec/limits.js";
import { subscriptionQueue } from "../../core/spec/subscription.js";
import { failed } from "../../link/rpc/failed.js";
import type { Inspection, JournalTail, QueueDepths } from "../../link/rpc/inspection.js";
import { ownerOfReplies, replyQueueOf } from "../../link/rpc/names.js";
import type { CheckedCommand, RequestAfterHello } from "../../link/rpc/validate.js";
import type { ClientView, QueueSummary } from "../../link/rpc/views.js";
import type { ClientCommand } from "../../link/rpc/wire.js";
import { CLIENT_LIMITS, type ClientLimits } from "./client-limits.js";

/**
 * - `send`: send and publish to it, schedules apart. - `consume`: take, settle and answer its messages, and see its
 * statistics. - `peek`: see these, read its messages, schedules and dead letters. - `manage`: set it up, pause, purge,
 * redrive and delete it, schedule.
 */
export const VERBS = ["send", "consume", "peek", "manage"] as const;
/** A right of a client; `VERBS` says what each lets it do. */
export type Verb = (typeof VERBS)[number];

/** What one client may do. */
export interface Grant {
  /** Who it is, 1 to 128 characters and no "/". What was leased under one name is settled under no other. */
  readonly client: string;
  /** Verbs by name of queue, or of all that begin with what is before a final `*`. A topic's subscription is `TOPIC/NAME`. */
  readonly queues: Readonly<Record<string, readonly Verb[]>>;
  /** Epoch milliseconds from which it counts no more: the link ends, and the client asks for another. Default: never. */
  readonly expiresAt?: number | undefined;
  /** In place of what the server says of each client (`perClient`), each that is given. */
  readonly limits?: ClientLimits;
}

export interface Access {
  readonly client: string;
  readonly expiresAt: number | undefined;
  readonly limits: ClientLimits | undefined;
  may(verb: Verb, queue: string): boolean;
  /** Whether it may do anything with it. */
  sees(queue: string): boolean;
  /** Whether it may do so with some queue. */
  maySome(verb: Verb): boolean;
}

const verbs = arrayOf(oneOf(...VERBS), VERBS.length);

const identity: Check = (value, name) => {
  check(string(1, IDENTITY_MAX), value, name);
  if ((value as string).includes("/")) invalid(name, value, 'a name without "/"');
};

/** By name of queue, or by its beginning. */
const rights: Check = (value, name) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) invalid(name, value, "verbs by queue name");
  for (const [pattern, may] of Object.entries(value as object)) check(verbs, may, `${name}["${pattern}"]`);
};

const grantSpec = shape(
  { client: identity, queues: rights, expiresAt: instant, limits: CLIENT_LIMITS },
  "expiresAt",
  "limits",
);

/** Throws `invalid-argument` naming what is wrong with the grant. */
export function accessOf(grant: Grant): Access {
  check(grantSpec, grant, "authorize()");
  const { client, queues, expiresAt, limits } = grant;
  const rules = Object.entries(queues).map(([pattern, may]) => ({ pattern, may: new Set(may) }));
  const matching = (queue: string) => rules.filter(({ pattern }) => matches(pattern, queue));
  return {
    client,
    expiresAt,
    limits,
    may: (verb, queue) => matching(queue).some(({ may }) => may.has(verb)),
    sees: (queue) => matching(queue).some(({ may }) => may.size > 0),
    maySome: (verb) => rules.some(({ may }) => may.has(verb)),
  };
}

const matches = (pattern: string, queue: string): boolean =>
  pattern.endsWith("*") ? queue.startsWith(pattern.slice(0, -1)) : queue === pattern;

/** A verb, or any; `count`: one that goes with knowing how many messages there are. */
type Demand = readonly [verb: Verb | "any" | "count", queue: string, why?: string];

/** Of all queues: it takes the right to whatever name there is. */
const EVERY = "*";

/** What the client needs for it; nothing for what is only its own: its leases, waiters and its end. */
function demandsOf(command: ClientCommand): readonly Demand[] {
  switch (command.type) {
    case "send":
      return [["send", command.queue]];
    case "publish":
      return [["send", command.topic]];
    case "transaction":
      return command.sends.map(({ queue }) => ["send", queue] as const);
    case "subscribe":
      return [["consume", subscriptionQueue(command.topic, command.subscription)]];
    case "unsubscribe":
      return [["manage", subscriptionQueue(command.topic, command.subscription)]];
    case "configure":
      // Opened with a key it stays as it is: `admitCommand` sees to that.
      return Object.keys(command.settings).length > 0 || (command.sealed !== undefined && command.queue === KEY_QUEUE)
        ? [["manage", command.queue, ': options of openQueue are stored, which needs "manage"']]
        : [["any", command.queue]];
    case "shred":
      return [["manage", EVERY]];
    case "settle":
    case "extend":
      return [];
    case "schedule":
    case "unschedule":
    case "pause":
    case "purge":
    case "delete":
    case "redrive":
    case "purge-dead":
    case "encrypt-begin":
    case "encrypt-page":
    case "encrypt-end":
    case "replace":
      return [["manage", command.queue]];
  }
}

function demandOf(request: Exclude<RequestAfterHello, { op: "submit" }>): Demand | undefined {
  switch (request.op) {
    case "consume":
    case "receive":
      return ["consume", request.queue];
    case "room":
    case "fates":
    case "group":
      return ["send", request.queue];
    case "idle":
      return ["any", request.queue];
    case "stats":
    case "watch":
      return ["count", request.queue];
    case "peek":
    case "snapshot":
    case "dead-letters":
    case "schedules":
    case "plain-ids":
      return ["peek", request.queue];
    case "cancel":
    case "snapshot-page":
    case "queues":
    case "summaries":
    case "diagnostics":
    case "check":
    case "clients":
    case "inspect":
    case "introduce":
    case "journal":
    case "suspend":
    case "goodbye":
      return undefined;
  }
}

/** Whose client it is, by the name under which the host knows it; "": one of the host's own origin. */
export const identityOf = (client: string): string => client.slice(0, Math.max(0, client.indexOf("/")));

/** What tells of all clients, each by its name. */
const OF_ALL: ReadonlySet<string> = new Set(["diagnostics", "clients", "inspect", "journal"]);

/** Stands between a client and its host. */
export interface Guard {
  /** Whom its connections belong to. */
  readonly identity: string;
  /** Consumers that these may have together. */
  readonly consumersMax: number;
  /** Epoch milliseconds at which the link ends; `undefined`: never. */
  readonly expiresAt: number | undefined;
  /** The name under which the host knows the client. */
  nameOf(client: string): string;
  /** The request without the commands that it may not ask for, which are refused; throws `denied` where it is one itself. */
  admit(client: string, request: RequestAfterHello): RequestAfterHello;
  /** The answer without what it may not see. */
  reveal(request: RequestAfterHello, answer: unknown): unknown;
}

/** What a client may have, where somebody counts. */
export interface Allowance {
  /** Consumers of all its connections. */
  readonly consumersMax: number;
  /** Throws `full` when it uses too many others. */
  useQueue(name: string): void;
}

const UNCOUNTED: Allowance = { consumersMax: Number.POSITIVE_INFINITY, useQueue() {} };

export function createGuard(access: Access, { consumersMax, useQueue }: Allowance = UNCOUNTED): Guard {
  const mayCount = (queue: string) => access.may("consume", queue) || access.may("peek", queue);
  const mayList = (queue: string) => mayCount(queue) || access.may("manage", queue);
  /** Its own reply queue is its own; of others' it must know the name, which it has from a message that asks. */
  const isAllowed = ([verb, queue]: Demand, client: string): boolean => {
    const owner = ownerOfReplies(queue);
    if (owner !== undefined) return queue === replyQueueOf(client) || (verb === "send" && access.maySome("consume"));
    // Which key it is, whoever comes has to see, and whoever may encrypt a queue to say.
    if (queue === KEY_QUEUE) return verb === "count" || (verb === "manage" && access.maySome("manage"));
    if (verb === "any") return access.sees(queue);
    return verb === "count" ? mayCount(queue) : access.may(verb, queue);
  };
  const assertAllowed = (demand: Demand, client: string): void => {
    const [asked, queue, why = ""] = demand;
    if (isAllowed(demand, client)) return ownerOfReplies(queue) === undefined ? useQueue(queue) : undefined;
    const verb = asked === "count" ? "peek" : asked;
    const what = verb === "any" ? "has no right to anything" : `may not ${verb}`;
    throw new QueueError("denied", `"${access.client}" ${what} on queue "${queue}"${why}`, { detail: { verb, queue } });
  };
  const admitCommand = (client: string, checked: CheckedCommand): CheckedCommand => {
    if ("refused" in checked) return checked;
    try {
      const { command } = checked;
      for (const demand of demandsOf(command)) assertAllowed(demand, client);
      if (command.type !== "configure" || command.sealed === undefined) return checked;
      return isAllowed(["manage", command.queue], client)
        ? checked
        : { ...checked, command: { ...command, asIs: true } };
    } catch (error) {
      return { number: checked.number, refused: failed(error) };
    }
  };
  const seenOf = ({ held }: ClientView) =>
    Object.fromEntries(Object.entries(held).filter(([queue]) => access.sees(queue)));
  const seenIn = (depths: Readonly<Record<string, QueueDepths>>) =>
    Object.fromEntries(Object.entries(depths).filter(([queue]) => mayList(queue)));
  /** What concerns no queue may concern one that it may not see. */
  const journalOf = ({ before, commits }: JournalTail): JournalTail => ({
    before: seenIn(before),
    commits: commits.map((commit) => ({
      ...commit,
      changes: commit.changes.filter(
        ({ type, queue }) => type === "took-over" || (queue !== undefined && mayList(queue)),
      ),
      after: seenIn(commit.after),
    })),
  });
  const inspectedBy = (inspection: Inspection): Inspection => {
    const queues = inspection.queues.filter(({ name }) => mayList(name));
    const topics = inspection.topics.flatMap(({ name, subscriptions }) => {
      const seen = Object.entries(subscriptions).filter(([one]) => access.sees(subscriptionQueue(name, one)));
      return seen.length > 0 ? [{ name, subscriptions: Object.fromEntries(seen) }] : [];
    });
    const clients = inspection.clients.map((client) => ({
      ...client,
      consumers: client.consumers.filter(({ queue }) => access.sees(queue)),
      leases: client.leases.filter(({ queue }) => access.sees(queue)),
    }));
    return { ...inspection, queues, queueCount: queues.length, topics, clients };
  };
  return {
    identity: access.client,
    consumersMax,
    expiresAt: access.expiresAt,
    nameOf: (client) => `${access.client}/${client}`,
    admit(client, request) {
      if (request.op === "submit")
        return { ...request, commands: request.commands.map((command) => admitCommand(client, command)) };
      const demand = demandOf(request);
      if (demand) assertAllowed(demand, client);
      if (request.op === "check")
        throw new QueueError(
          "denied",
          `"${access.client}" may not check the database: its server does, or "originmq check"`,
        );
      if (OF_ALL.has(request.op) && !access.maySome("manage"))
        throw new QueueError("denied", `"${access.client}" may manage no queue`, { detail: { verb: "manage" } });
      return request;
    },
    reveal(request, answer) {
      if (request.op === "queues") return (answer as string[]).filter(access.sees);
      if (request.op === "journal") return journalOf(answer as JournalTail);
      if (request.op === "inspect") return inspectedBy(answer as Inspection);
      if (request.op === "clients") return (answer as ClientView[]).map((view) => ({ ...view, held: seenOf(view) }));
      if (request.op === "summaries") return (answer as QueueSummary[]).filter(({ name }) => mayList(name));
      return answer;
    },
  };
}
