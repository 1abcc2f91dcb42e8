// How a queue keeps what it promises. Holds no message: it asks the host, which answers once things are durable.

import { aFunction, check, checkOptions } from "../../core/spec/check.js";
import type { QueueError } from "../../core/spec/errors.js";
import { groupId as groupIdField, id as idField } from "../../core/spec/fields.js";
import { type MessageState, PEEKABLE } from "../../core/spec/message-states.js";
import {
  MINOR_GROUPS,
  MINOR_INSPECT,
  MINOR_PURGE_IDS,
  MINOR_REPLACE,
  MINOR_SNAPSHOT,
} from "../../core/spec/version.js";
import type { QueueStats } from "../../core/view/view.js";
import type { MessagePage } from "../../link/rpc/views.js";
import type { ClientCommand, HostRequest, Snapshot } from "../../link/rpc/wire.js";
import { bothOf, createAdmission } from "../receiving/admission.js";
import type { Stoppable } from "../receiving/source.js";
import { abortable, whenAborted } from "../runtime/abortable.js";
import { callListener, complainOnce } from "../runtime/complain.js";
import { asyncDispose } from "../runtime/dispose.js";
import { read, type Taken } from "../sending/intake.js";
import type { Item } from "../sending/item.js";
import { knownAs, noteQueue } from "../sending/known.js";
import { CLOSE_SPEC, PEEK_PAGES_SPEC, WAIT_SPEC, WATCH_SPEC } from "../sending/options.js";
import { withFilesRead } from "../sending/reading.js";
import type { StandardSchema } from "../sending/schema.js";
import { noteSeal, type Seal } from "../sending/sealed.js";
import { itemOf } from "../sending/taken-in.js";
import { createDeadLetters } from "./dead-letters.js";
import type { createQueueEvents } from "./events.js";
import { assertHostKnows } from "./host-knows.js";
import { oneMessage } from "./one-message.js";
import { PEEK_SPEC, PURGE_SPEC, REPLACE_SPEC, REQUEST_SPEC } from "./options.js";
import { type ListRange, listed, PAGE_DEFAULT, pagesOf, snapshotPages } from "./pages.js";
import type { Queue, ReplaceOptions, RequestOptions } from "./queue.js";
import type { QueueClient } from "./queue-client.js";
import { createSchedules } from "./schedules.js";
import type { QueueSealing } from "./sealing.js";
import type { Sender } from "./sender.js";
import { createTaking } from "./taking.js";
import { writableOf } from "./writing.js";

export interface QueueParts<Input> {
  readonly client: QueueClient;
  readonly sender: Sender<Input>;
  readonly events: ReturnType<typeof createQueueEvents>;
  readonly schema?: StandardSchema | undefined;
  /** Present where the queue is encrypted. */
  readonly sealing?: QueueSealing | undefined;
  /** Called once, when the queue was closed. */
  onClosed(options: { readonly force?: boolean }): Promise<void>;
}

const waitsIn = ({ ready, delayed, leased, blocked, dead }: QueueStats, state?: MessageState): number =>
  state === "dead" ? dead : ready + delayed + leased + blocked;

const PEEKED_BY_DEFAULT: readonly MessageState[] = ["ready", "delayed", "leased", "blocked"];

/** Hidden from the host, where it is. */
export const sealedBy = (seal: Seal | undefined, taken: Taken): Taken =>
  !seal ? taken : taken instanceof Promise ? taken.then(seal) : seal(taken);

export function createQueue<Input, Output>(parts: QueueParts<Input>): Queue<Input, Output> {
  const { sender, events, schema, sealing, onClosed } = parts;
  const { name, closing, send, sendBatch } = sender;
  const client = sealing ? sealing.client(parts.client, closing) : parts.client;
  const { pipeline } = client;
  const stoppables = new Set<Stoppable>();
  let closed: Promise<void> | undefined;

  const assertOpen = () => {
    sender.assertOpen();
    sealing?.shredded.throwIfAborted();
  };
  const whenRead = <T>(
    items: readonly Item[],
    next: (items: readonly Item[]) => Promise<T>,
    seal = sealing?.seal,
  ): Promise<T> => sender.inTurn(sealedBy(seal, read(items, withFilesRead, schema)), next);

  const command = async <T>(asked: ClientCommand): Promise<T> => {
    assertOpen();
    return pipeline.command<T>(asked);
  };
  const ask = async <T>(asked: HostRequest, signal?: AbortSignal): Promise<T> => {
    assertOpen();
    return abortable(client.ask<T>(asked, signal), closing);
  };

  const taking = createTaking<Output>({
    queue: name,
    client,
    admit: bothOf(sealing?.admit, schema && createAdmission(schema)),
    hiding: sealing?.hiding,
    stoppables,
    closing,
  });
  const assertKnown = async (minor: number, what: string) => {
    assertOpen();
    await assertHostKnows(client, minor, what);
  };
  const replaceAs =
    (isDead: boolean, where: string) =>
    async (id: string, body: unknown, options: ReplaceOptions = {}): Promise<{ replaced: boolean }> => {
      check(idField, id, `${where}(id)`);
      const item = itemOf(body, options, `${where}()`, REPLACE_SPEC);
      await assertKnown(MINOR_REPLACE, "replace");
      const seal = sealing && (async ([one]: readonly Item[]) => [await sealing.sealReplacement(id, one as Item)]);
      const named = { type: "replace", queue: name, id, isDead, ...(sealing && { sealed: sealing.key }) } as const;
      return whenRead([item], ([made]) => command({ ...named, ...oneMessage(made as Item) }), seal);
    };
  const deadLetters = createDeadLetters<Input>({
    queue: name,
    runtime: client.runtime,
    command,
    ask,
    count: async () => (await queue.stats()).dead,
    replace: replaceAs(true, "deadLetters.replace"),
    sealing,
  });

  const queue: Queue<Input, Output> = {
    name,
    ...events.target,
    send,
    sendBatch,
    writable: writableOf(sender),
    ...taking,
    async request<Reply>(body: Input, options: RequestOptions = {}) {
      assertOpen();
      checkOptions("request()", options, REQUEST_SPEC);
      const { timeoutMs, signal, onProgress, ...given } = options;
      const answered = client.requests.ask({
        queue: name,
        timeoutMs,
        signal,
        closing,
        ...(onProgress && { onProgress }),
        sealing,
        send: (headers) => send(body, { ...given, headers: { ...given.headers, ...headers } }),
      });
      return (await abortable(answered, client.over)) as Reply;
    },
    async peek(options = {}) {
      checkOptions("peek()", options, PEEK_SPEC);
      const { max = 100, state, after, skip = 0 } = options;
      const states = state ? [state] : PEEKED_BY_DEFAULT;
      if (skip > 0) await assertKnown(MINOR_INSPECT, "skip in peek");
      // What an answer has cut off comes after the last one that it had.
      const skipFirst = (range: ListRange) => (skip > 0 && range.after === after ? { skip } : {});
      const read = (range: ListRange) =>
        ask<MessagePage>({ op: "peek", queue: name, states, ...range, ...skipFirst(range) });
      return listed({ max, after }, read, sealing?.message);
    },
    peekPages(options = {}) {
      assertOpen();
      checkOptions("peekPages()", options, PEEK_PAGES_SPEC);
      const { pageSize: max = PAGE_DEFAULT, state, snapshot } = options;
      if (snapshot) {
        const waiter = client.nextWaiter();
        return snapshotPages({
          max,
          async begin() {
            await assertKnown(MINOR_SNAPSHOT, "snapshot in peekPages");
            return ask<Snapshot>({ op: "snapshot", waiter, queue: name, states: state ? [state] : PEEKABLE });
          },
          read: (range) => ask<MessagePage>({ op: "snapshot-page", waiter, ...range }),
          end: () => client.cancelWaiter(waiter),
          open: sealing?.message,
        });
      }
      return pagesOf(
        async () => waitsIn(await queue.stats(), state),
        (after) => queue.peek({ max, ...(state && { state }), ...(after !== undefined && { after }) }),
      );
    },
    async isGroupWaiting(groupId) {
      check(groupIdField, groupId, "isGroupWaiting(groupId)");
      assertOpen();
      await client.connected();
      const group = sealing ? await sealing.group(groupId) : groupId;
      if (client.minor >= MINOR_GROUPS) return ask({ op: "group", queue: name, group });
      for await (const page of queue.peekPages()) if (page.some((view) => view.groupId === groupId)) return true;
      return false;
    },
    async whenIdle(options = {}) {
      checkOptions("whenIdle()", options, WAIT_SPEC);
      const waiter = client.nextWaiter();
      try {
        await ask({ op: "idle", waiter, queue: name }, options.signal);
      } catch (error) {
        client.cancelWaiter(waiter);
        throw error;
      }
    },
    stats: () => ask({ op: "stats", queue: name }),
    subscribeStats(callback, options = {}) {
      assertOpen();
      aFunction(callback, "subscribeStats(callback)");
      checkOptions("subscribeStats()", options, WATCH_SPEC);
      const { everyMs = 1_000, onEnded = complainOnce.bind(null, `subscribeStats() of queue "${name}" has ended`) } =
        options;
      const tell = (stats: QueueStats) => callListener(() => callback(stats));
      const fail = (reason: QueueError) => {
        end();
        callListener(() => onEnded(reason));
      };
      const unwatch = client.watch(name, everyMs, tell, fail);
      const forgets = [whenAborted(closing, () => end()), whenAborted(client.over, () => fail(client.over.reason))];
      const end = () => {
        unwatch();
        for (const forget of forgets) forget();
      };
      return end;
    },
    pause: () => command({ type: "pause", queue: name, paused: true }),
    resume: () => command({ type: "pause", queue: name, paused: false }),
    async purge(options = {}) {
      checkOptions("purge()", options, PURGE_SPEC);
      const { filter, ids } = options;
      if (ids === undefined) return command({ type: "purge", queue: name, ...(filter && { filter }) });
      await assertKnown(MINOR_PURGE_IDS, "purge by id");
      return command({ type: "purge", queue: name, filter: { ...filter, ids } });
    },
    replace: replaceAs(false, "replace"),
    async delete() {
      assertOpen();
      await Promise.all([...stoppables].map((one) => one.stop({ force: true })));
      const deleted = await command<{ deleted: number }>({ type: "delete", queue: name });
      await queue.close();
      return deleted;
    },
    deadLetters,
    schedules: createSchedules({
      ...{ queue: name, command, ask, sealing },
      whenRead: (items, next) => whenRead(items, next, sealing?.alone),
    }),
    async close(options = {}) {
      checkOptions("close()", options, CLOSE_SPEC);
      // Stopping a consumer a second time, by force, must still reach it.
      const stopped = Promise.all([...stoppables].map((one) => one.stop(options)));
      closed ??= (async () => {
        const sent = sender.close();
        events.close();
        await sent;
        await stopped;
        await onClosed(options);
      })();
      await Promise.all([stopped, closed]);
    },
    [asyncDispose]: () => queue.close(),
  };

  noteQueue(queue, knownAs(pipeline, schema));
  if (sealing) noteSeal(pipeline, name, sealing.seal);

  return queue;
}
