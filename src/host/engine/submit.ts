// A client's commands on their way into the loop.

import { type Command, failure, type Settlement } from "../../core/commands/commands.js";
import { countBodies, joinColumns, sizesOf } from "../../core/log/columns.js";
import type { Outcome } from "../../core/log/journal.js";
import { sharersIn } from "../../core/log/share.js";
import type { QueueErrorCode } from "../../core/spec/errors.js";
import type { Instant } from "../../core/spec/time.js";
import type { State } from "../../core/state/state.js";
import { ownerOfReplies } from "../../link/rpc/names.js";
import type { CheckedCommand } from "../../link/rpc/validate.js";
import type { ClientCommand, SubmitReply } from "../../link/rpc/wire.js";
import type { Work } from "./proposal.js";
import { firstTick } from "./ticks.js";

export interface Submission {
  readonly client: string;
  /** Number up to which the client has read every outcome. */
  readonly confirmed: number;
  readonly commands: readonly CheckedCommand[];
}

/** Where commands go, and what is taken for them. */
export interface Inward {
  push(work: Work): void;
  random(): number;
  now(): Instant;
  state(): State;
  readonly measures: {
    /** Called with a settlement before it is decided; what it returns is called with its outcome. */
    settling(client: string, command: Of<"settle">): (outcome: Outcome) => void;
  };
  /** The store refused these. */
  giveBack(client: string, settlements: readonly Settlement[]): void;
}

/** Codes of outcomes that are the store's, not the command's. */
const REFUSED_BY_STORE: ReadonlySet<QueueErrorCode> = new Set(["quota-exceeded", "storage-failed"]);

/** Resolves with the outcomes once all are durable. */
export async function submit({ client, confirmed, commands }: Submission, to: Inward): Promise<SubmitReply> {
  const outcomes = commands.map(
    (checked) =>
      new Promise<Outcome>((settle) => {
        if ("refused" in checked) return settle(checked.refused);
        const { number, command } = checked;
        const from = { client, number, confirmed };
        if (command.type === "send") {
          const { bodies, headers, ...rest } = command;
          if (ownerOfReplies(rest.queue) !== undefined && !to.state().queues.has(rest.queue)) {
            return settle(failure("full", "nobody waits for this answer any more"));
          }
          const sizes = sizesOf(bodies);
          to.push({ command: { ...rest, sizes, sharers: sharersIn(bodies) }, from, bodies, headers, settle });
        } else if ("bodies" in command) {
          const { bodies, ...rest } = command;
          const nextAt = rest.type === "schedule" ? firstTick(rest.spec, to.now()) : undefined;
          if (typeof nextAt === "object") return settle(nextAt);
          const headers = "headers" in rest ? rest.headers : undefined;
          const measured = { sizes: sizesOf(bodies), nextAt };
          to.push({ command: { ...rest, ...measured }, from, bodies, headers, settle });
        } else if (command.type === "transaction") {
          const { settlements } = command;
          const measure = to.measures.settling(client, { type: "settle", settlements });
          const onOutcome = (outcome: Outcome) => {
            measure(outcome.ok ? { ok: true, value: { lost: [] } } : outcome);
            settle(outcome);
          };
          to.push({ ...transactionOf(command, client, to.random()), from, settle: onOutcome });
        } else {
          const measure = command.type === "settle" ? to.measures.settling(client, command) : undefined;
          const onOutcome = (outcome: Outcome) => {
            measure?.(outcome);
            if (command.type === "settle" && !outcome.ok && REFUSED_BY_STORE.has(outcome.code)) {
              to.giveBack(client, command.settlements);
            }
            settle(outcome);
          };
          to.push({ command: engineCommand(command, client, to.random()), from, settle: onOutcome });
        }
      }),
  );
  return { outcomes: await Promise.all(outcomes) };
}

type Of<Type extends ClientCommand["type"]> = Extract<ClientCommand, { type: Type }>;

/** The bodies of all its sends, one after the other. */
function transactionOf({ sends, settlements }: Of<"transaction">, client: string, jitter: number) {
  const headers = sends.flatMap(
    ({ headers, bodies }) => headers ?? new Array<undefined>(countBodies(bodies)).fill(undefined),
  );
  const sized = sends.map(({ bodies, headers: _, ...send }) => ({ ...send, sizes: sizesOf(bodies) }));
  return {
    command: { type: "transaction", client, sends: sized, settlements, jitter } as const,
    ...(sends.length > 0 && { bodies: joinColumns(sends.map(({ bodies }) => bodies)) }),
    headers,
  };
}

/** A client's command as the engine takes it. */
function engineCommand(
  command: Exclude<
    ClientCommand,
    { type: "send" | "publish" | "schedule" | "replace" | "encrypt-page" | "transaction" }
  >,
  client: string,
  jitter: number,
): Command {
  switch (command.type) {
    case "settle":
      return { ...command, client, jitter };
    case "extend":
      return { ...command, client };
    default:
      return command;
  }
}
