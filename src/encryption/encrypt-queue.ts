// Encrypts a queue that holds something, from a client, since the host has no key:
//
//   what has no form in bytes is found first ──▶ begin ──▶ wait for what is in work ──▶ ids, messages, schedules, in pages ──▶ end
//                                                                  └────── something is left, of what came back ◀──────────┘
//
// Invariants: what is encrypted stays so, whoever stops where; one that finds it begun goes on, also beside another.

import type { Client } from "../client/connection/client.js";
import type { EncryptOptions } from "../client/connection/encrypted-connection.js";
import { assertHostKnows } from "../client/queue/host-knows.js";
import type { QueueSealing } from "../client/queue/sealing.js";
import { abortable } from "../client/runtime/abortable.js";
import { type Item, makeItem, type SendOptions } from "../client/sending/item.js";
import type { EncryptValue, HiddenMessage } from "../core/commands/commands.js";
import { countWithin } from "../core/log/count-within.js";
import { QueueError } from "../core/spec/errors.js";
import { MINOR_ENCRYPT } from "../core/spec/key-queue.js";
import { REQUEST_MESSAGES_MAX } from "../core/spec/limits.js";
import type { MessageState } from "../core/spec/message-states.js";
import type { ScheduleSpec } from "../core/spec/schedule-spec.js";
import type { QueueStats } from "../core/view/view.js";
import type { MessagePage, MessageView, Page, ScheduleView } from "../link/rpc/views.js";
import type { ClientCommand, HostRequest } from "../link/rpc/wire.js";
import { encodeContent } from "./content.js";
import { createMemo } from "./memo.js";
import { toldOf } from "./told-of.js";

/** Messages that are read at once. */
const PAGE = 500;
/** So many bytes of bodies are stored in one commit, but one body always. */
const COMMIT_BYTES = 256 * 1_024;
/** Between two looks at what is still in work. */
const LOOK_MS = 100;

/** What is in work comes back, or goes. */
const STATES: readonly MessageState[] = ["ready", "delayed", "blocked", "dead"];

type Of<Type extends ClientCommand["type"]> = Extract<ClientCommand, { type: Type }>;

/** What takes the place of a message. */
interface Hidden extends HiddenMessage {
  readonly body: Uint8Array;
  readonly group: readonly [plain: string, hidden: string] | undefined;
}

export async function encryptQueue(
  client: Client,
  queue: string,
  sealing: QueueSealing,
  { onProgress, signal }: EncryptOptions,
): Promise<void> {
  const { key: sealed, shredded, held } = sealing;
  const orStopped = async <T>(begun: () => Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    shredded.throwIfAborted();
    return abortable(abortable(begun(), signal), shredded);
  };
  const ask = <T>(request: HostRequest) => orStopped(() => client.ask<T>(request));
  const command = <T>(asked: ClientCommand) => orStopped(() => client.pipeline.command<T>(asked));
  const stats = () => ask<QueueStats>({ op: "stats", queue });

  async function* pages(states: readonly MessageState[]): AsyncGenerator<readonly MessageView[]> {
    for (let after: string | undefined; ; ) {
      const asked = { op: "peek", queue, states, max: PAGE, ...(after !== undefined && { after }) } as const;
      const { messages } = await ask<MessagePage>(asked);
      after = messages.at(-1)?.id;
      if (after === undefined) return;
      yield messages;
    }
  }

  /** Before anything is done: from then on it could only be purged. */
  const assertEncodable = async () => {
    for await (const messages of pages([...STATES, "leased"])) await Promise.all(messages.map(assertContent));
    for (const schedule of await schedules()) await assertContent(schedule);
  };

  const groupOf = createMemo(Number.POSITIVE_INFINITY, async (name) =>
    (await held.isHiddenGroup(name)) ? name : sealing.group(await shortened(name, sealing)),
  );

  /** `undefined` where it is encrypted; `isSure`: something is left that is not, although it looks so. */
  const hide = async (view: MessageView, isSure: boolean): Promise<Hidden | undefined> => {
    const { id, body, headers, groupId, reason, error } = view;
    if (!isSure && (await sealing.message(view)).error?.name !== "tampered") return undefined;
    const item = await sealing.sealReplacement(id, itemOf(body, { headers })).catch(naming(id));
    const hidden = groupId === null ? null : await groupOf(groupId);
    return {
      id,
      body: item.body as Uint8Array,
      group: groupId === null || hidden === null || hidden === groupId ? undefined : [groupId, hidden],
      ...(reason !== undefined && { reason: await hiddenReason(reason, sealing) }),
      ...(error && { failure: await held.failure(id, error) }),
    };
  };
  const store = async (all: readonly Hidden[], ids: Of<"encrypt-page">["ids"] = []) => {
    const named = new Map(all.flatMap(({ group }) => (group ? [group] : [])));
    const messages = all.map(({ id, reason, failure }) => ({
      id,
      ...(reason !== undefined && { reason }),
      ...(failure && { failure }),
    }));
    const bodies = all.map(({ body }) => body);
    await command({ type: "encrypt-page", queue, sealed, messages, groups: [...named], ids, bodies });
  };

  const hideIds = async () => {
    for (;;) {
      const plain = await ask<[number, string][]>({ op: "plain-ids", queue, max: REQUEST_MESSAGES_MAX });
      if (plain.length === 0) return;
      const ids = plain.map(async ([seq, id]) => [seq, await held.deduplicationId(id)] as const);
      await store([], await Promise.all(ids));
    }
  };

  const hideMessages = async (isSure: boolean) => {
    const { ready, delayed, blocked, dead } = await stats();
    const total = ready + delayed + blocked + dead;
    let done = 0;
    for await (const page of pages(STATES)) {
      const hidden = (await Promise.all(page.map((view) => hide(view, isSure)))).filter((one) => one !== undefined);
      for (const some of cut(hidden)) await store(some);
      done += page.length;
      onProgress?.({ done, total: Math.max(done, total) });
    }
  };

  const schedules = async (): Promise<ScheduleView[]> => {
    const all = new Map<string, ScheduleView>();
    for (let after: string | undefined; ; ) {
      const asked = { op: "schedules", queue, ...(after !== undefined && { after }) } as const;
      const { messages, isCut } = await ask<Page<ScheduleView>>(asked);
      for (const one of messages) all.set(one.id, one);
      after = messages.at(-1)?.id;
      if (!isCut || after === undefined) return [...all.values()];
    }
  };

  const hideSchedules = async () => {
    for (const view of await schedules()) {
      const isSealed = await sealing.schedule(view).then(
        () => true,
        () => false,
      );
      if (isSealed) continue;
      const { id, cron, timeZone, everyMs, catchUp, body, headers, priority, groupId, ttlMs } = view;
      const given = {
        ...{ headers, priority },
        ...(ttlMs !== undefined && { ttlMs }),
        ...(groupId !== null && { groupId: await shortened(groupId, sealing) }),
      };
      const [item] = await sealing.alone([itemOf(body, given)]).catch(naming(id));
      const { attributes, groupId: hidden } = item as Item;
      const spec: ScheduleSpec = {
        ...(everyMs !== null && { everyMs }),
        ...(cron !== null && { cron }),
        ...(timeZone !== null && { timeZone }),
        catchUp,
        ...attributes,
        ...(hidden !== undefined && { groupId: hidden }),
      };
      const asked = { type: "schedule", queue, id, spec, bodies: [(item as Item).body] } as const;
      // Somebody else has encrypted, or removed it.
      await command(asked).catch((error) => {
        if (!(error instanceof QueueError) || error.code !== "encrypted") throw error;
      });
    }
  };

  await orStopped(() => assertHostKnows(client, MINOR_ENCRYPT, "encrypt()"));
  if ((await stats()).settings.encryption === undefined) await assertEncodable();
  let { isDone, left, leased } = await command<EncryptValue>({ type: "encrypt-begin", queue, sealed });
  while (!isDone) {
    const isSure = left > leased;
    while ((await stats()).leased > 0) await orStopped(() => later(client));
    await hideIds();
    await hideMessages(isSure);
    await hideSchedules();
    do ({ isDone, left, leased } = await command<EncryptValue>({ type: "encrypt-end", queue, sealed }));
    while (left === 0 && !isDone);
  }
}

const itemOf = (body: unknown, options: SendOptions): Item => makeItem({ body, text: undefined, bytes: 0 }, options);

const assertContent = ({ id, body }: Pick<MessageView, "id" | "body">): Promise<unknown> =>
  encodeContent({ body, headers: undefined }).catch(naming(id));

/** Says of which message, or schedule, it is. */
const naming = (id: string) => toldOf(`message ${id}`, { id });

const later = ({ runtime }: Client): Promise<void> =>
  new Promise((resolve) => {
    runtime.setTimer(resolve, LOOK_MS);
  });

/** As many together as are stored in one commit. */
function* cut(all: readonly Hidden[]): Generator<readonly Hidden[]> {
  for (let start = 0, count = 0; start < all.length; start += count) {
    count = countWithin(all.slice(start), COMMIT_BYTES, ({ body }) => body.byteLength);
    yield all.slice(start, start + count);
  }
}

const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd");

/** The longest beginning of a text of which this gives something. */
async function beginning<T>(text: string, attempt: (text: string) => Promise<T>): Promise<T> {
  for (let length = text.length; ; length = Math.floor(length * 0.9)) {
    try {
      return await attempt(wellFormed(text.slice(0, length)));
    } catch (error) {
      if (length === 0) throw error;
    }
  }
}

/** A name of a group that would be too long once hidden is cut, and stays another than those that begin like it. */
async function shortened(name: string, { group, held }: QueueSealing): Promise<string> {
  const isHideable = (text: string) => group(text).then(() => text);
  const mark = async () => `…${(await held.deduplicationId(`group ${name}`)).slice(0, 16)}`;
  return isHideable(name).catch(async () => {
    const end = await mark();
    return beginning(name, (text) => isHideable(`${text}${end}`));
  });
}

/** Cut where it would be too long. */
const hiddenReason = (text: string, { filter }: QueueSealing): Promise<string> =>
  beginning(text, async (reason) => (await filter({ reason })).reason ?? reason);
