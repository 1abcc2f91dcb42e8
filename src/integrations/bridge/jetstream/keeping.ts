// Whether a stream keeps what it is given, and remembers it for as long as a bridge may send again. Measured with
// nats-server 2.9.10; each rule has its test against a real server.

import type { StreamConfig } from "@nats-io/jetstream";
import { QueueError } from "../../../core/spec/errors.js";

/** A bridge that does not hear what became of a message sends it again within this time, while it lives. */
export const WINDOW_MS_MIN = 30_000;
const NANOS = 1_000_000;
/** What a stream has whose configuration says 0. */
const WINDOW_MS_DEFAULT = 120_000;

/** How long the stream remembers ids. It may not be longer than it keeps messages. */
export const windowMsOf = ({ duplicate_window, max_age }: StreamConfig): number => {
  const windowMs = duplicate_window ? duplicate_window / NANOS : WINDOW_MS_DEFAULT;
  return max_age ? Math.min(windowMs, max_age / NANOS) : windowMs;
};

/**
 * Throws `unsupported`, saying what of the stream is in the way. `isForgetfulAllowed`: what the server may forget in a
 * restart is the application's own concern; what is never kept is refused all the same.
 */
export function assertKeeps(config: StreamConfig, consumers: number, isForgetfulAllowed: boolean): void {
  const { name, retention, storage, mirror, sealed, no_ack: noAck } = config;
  const refuse = (what: string) => {
    throw new QueueError("unsupported", `stream "${name}" ${what}`, { detail: { stream: name } });
  };
  if (mirror) refuse(`is a mirror of "${mirror.name}": forward to that`);
  if (sealed) refuse("is sealed");
  if (noAck) refuse("confirms nothing (no_ack)");
  if (retention === "interest" && consumers === 0) {
    refuse("keeps nothing while it has no consumer (retention interest): make one, or use retention limits");
  }
  if (isForgetfulAllowed) return;
  const unless = "or say allowForgetfulTarget";
  if (retention !== "limits") {
    refuse(
      `has retention ${retention}: once a message is acknowledged there, a restart of the server forgets its id, and sent again it would be consumed again; use retention limits, ${unless}`,
    );
  }
  if (storage === "memory") refuse(`keeps its messages in memory: use storage file, ${unless}`);
  const windowMs = windowMsOf(config);
  if (windowMs < WINDOW_MS_MIN) {
    const ageMs = config.max_age ? config.max_age / NANOS : "unlimited";
    refuse(
      `remembers ids for ${windowMs} ms (duplicate_window, at most max_age: ${ageMs}), which is less than the ${WINDOW_MS_MIN} ms within which a bridge may send again, ${unless}`,
    );
  }
}

/** Whether a subject is one of those that a stream stores: `*` stands for one token, `>` for all that follow. */
export function isSubjectOf(subject: string, patterns: readonly string[]): boolean {
  const tokens = subject.split(".");
  return patterns.some((pattern) => {
    const wanted = pattern.split(".");
    for (let i = 0; i < wanted.length; i++) {
      if (wanted[i] === ">") return tokens.length > i;
      if (tokens[i] === undefined || (wanted[i] !== "*" && wanted[i] !== tokens[i])) return false;
    }
    return tokens.length === wanted.length;
  });
}

/** Subjects are in a line of the protocol, which servers bound to 4,096 bytes: a longer one ends the connection. */
const SUBJECT_MAX = 1_000;

/** Throws unless a message can be published to it: by what no server answers, it would be sent again for ever. */
export function assertSubject(subject: unknown): asserts subject is string {
  if (typeof subject !== "string" || subject === "") throw new TypeError("its subject is no text, or empty");
  if (subject.length > SUBJECT_MAX)
    throw new TypeError(`its subject has ${subject.length} characters, and may have ${SUBJECT_MAX}`);
  const isWrong = (token: string) => token === "" || token === "*" || token === ">" || /[\s\p{Cc}]/u.test(token);
  if (subject.split(".").some(isWrong))
    throw new TypeError(`its subject "${subject}" has a token that is empty, a wildcard, or has white space in it`);
}
