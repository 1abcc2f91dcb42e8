// What a page begins with: a client that sends as long as all goes as it usually does. Anything else, a refusal, a host that
// is lost or of another build, a page that does more than send, is for a whole client, which goes on under the same name with
// what has no outcome yet: on the same port where the host is still there, else on one of its own.
//
//   opening ──hello accepted──▶ sending ──page put to sleep──▶ asleep
//      └───────────────────────────┴── anything unusual ────────┴── woken ──▶ taken over
//
// Invariant: what was called here and has no outcome is sent again by the whole client, under the number that it had: it is
// decided once, and who waits for it hears nothing of the change.

import { QueueError } from "../../core/spec/errors.js";
import { REQUESTS_MAX } from "../../core/spec/limits.js";
import type { QueueSettings } from "../../core/spec/settings.js";
import { WIRE_MAJOR, WIRE_MINOR } from "../../core/spec/version.js";
import type { OpenedPort } from "../../link/finding/directory.js";
import { onGone } from "../../link/finding/gone.js";
import { deferred } from "../../link/rpc/deferred.js";
import { type EarlyLink, openEarlyLink } from "../../link/rpc/early-link.js";
import type { Port } from "../../link/rpc/guard.js";
import type { HostRequest, SubmitReply, Welcome } from "../../link/rpc/wire.js";
import type { Watchdog } from "../link/watchdog.js";
import { abortable, whenAborted } from "../runtime/abortable.js";
import { SOON_MS } from "../runtime/later.js";
import { HOST_MS_MAX, type Runtime } from "../runtime/runtime.js";
import { commandOf, type Draft, type SettleDraft } from "../sending/drafts.js";
import { createGathering, type Sending } from "../sending/gathering.js";
import type { Begun, Client, Lifecycle } from "./client.js";
import type { Happenings } from "./happenings.js";
import { holdPresence, NOTHING_HELD, type Presence } from "./presence.js";

/** A port on which a host may listen later, and what resolves once one does. */
export interface OpeningPort {
  readonly port: Port;
  readonly opened: Promise<OpenedPort | undefined>;
}

export interface EarlyParts {
  readonly runtime: Runtime;
  readonly locks: LockManager | undefined;
  /** Missing where nothing is put to sleep. */
  readonly lifecycle: Lifecycle | undefined;
  presenceLock(client: string): string;
  /** Told of what happens to the hosts; missing where nobody listens. */
  readonly happenings?: Happenings;
  /** Throws, or answers nothing, where the usual way is none here. */
  openPort(): OpeningPort | undefined;
  /** Loads what comes later. */
  rest(): Promise<Rest>;
}

/** What comes later. */
export interface Rest {
  takeOver(begun: Begun): Client;
  watch(link: EarlyLink, epoch: number, onLost: () => void): Watchdog;
}

export interface EarlyClient extends Sending {
  /** Starts connecting, if nobody has. */
  wake(): void;
  /** The client that does all, once it has taken over; `undefined` before. */
  readonly now: Client | undefined;
  /** Has a whole client take over. Rejects with `unsupported` where that cannot be loaded, and goes on then. */
  whole(): Promise<Client>;
  /** Stores the settings of a queue, which is new if there is none of that name. */
  configure(queue: string, settings: Partial<QueueSettings>, signal: AbortSignal | undefined): Promise<void>;
  /** Aborts with the reason once there will be no host any more. */
  readonly over: AbortSignal;
  /** Sends what is still to be sent, `force`: only where there is a host, and ends this client. */
  close(options?: { readonly force?: boolean }): Promise<void>;
}

const AGAIN_MS_MAX = 5_000;

export function createEarlyClient(parts: EarlyParts): EarlyClient {
  const { runtime, locks, rest, happenings } = parts;
  const client = runtime.uuid();
  const gathering = createGathering(runtime);
  const over = new AbortController();
  const taken = deferred<Client>();
  taken.promise.catch(() => {});
  /** Of a client that was started: whether it is connected is known. */
  let started: Promise<void> | undefined;
  /** A whole client was asked for. */
  let isWanted = false;
  let isAsleep = false;
  let isTaken = false;
  let whole: Client | undefined;
  let presence: Presence | undefined;
  let link: EarlyLink | undefined;
  let port: Port | undefined;
  let welcome: Welcome | undefined;
  let watchdog: Watchdog | undefined;
  let requests = 0;

  const wake = () => {
    if (!isAsleep) started ??= start();
  };

  const flush = () => {
    // Nobody hears the answers of a page that sleeps.
    while (link && welcome && isAsleep && !gathering.isEmpty) link.post(requestOf(gathering.take()));
    while (welcome && requests < REQUESTS_MAX && !isTaken && !isAsleep && !gathering.isEmpty)
      void carry(gathering.take());
  };
  gathering.carriedBy({
    wake,
    flush,
    isLast: () => isAsleep,
    join: () => false,
    prune() {},
    leave() {},
  });

  const requestOf = (drafts: readonly Draft[]): HostRequest =>
    gathering.requestOf(drafts, (draft) => commandOf(draft as Exclude<Draft, SettleDraft>));

  const carry = async (drafts: readonly Draft[]): Promise<void> => {
    requests++;
    try {
      const answer = link?.call<SubmitReply>(requestOf(drafts));
      watchdog?.note();
      const { outcomes } = (await answer) as SubmitReply;
      // One who has taken over meanwhile has asked again.
      if (isTaken) return;
      const areDone = drafts.map((draft, i) => gathering.accept(draft, outcomes[i] as SubmitReply["outcomes"][number]));
      if (areDone.includes(false)) takeOver();
    } catch (error) {
      if (isTaken) return;
      const isLost = error instanceof QueueError && error.code === "host-lost";
      (isLost ? lose : takeOver)();
    }
    requests--;
    flush();
  };

  const start = async (): Promise<void> => {
    const late = new AbortController();
    const cancelTimer = runtime.setTimer(() => late.abort(), HOST_MS_MAX);
    let opening: OpeningPort | undefined;
    try {
      opening = parts.openPort();
      if (!opening) return lose();
      opening.opened.catch(() => {});
      // The lock comes before the first word: a host that knows a client can always tell whether it lives.
      presence = holdPresence(locks, parts.presenceLock(client));
      await presence.held;
      await connect(opening, late.signal);
    } catch {
      if (!link) opening?.port.close?.();
      lose();
    } finally {
      cancelTimer();
    }
  };

  const connect = async ({ port: opening, opened }: OpeningPort, late: AbortSignal): Promise<void> => {
    if (isAsleep || isTaken) return opening.close?.();
    const own = openEarlyLink(opening, NOTHING_HELD, lose);
    link = own;
    port = opening;
    const hello = own.call<Welcome>({ op: "hello", wire: [WIRE_MAJOR, WIRE_MINOR], client, held: [] });
    hello.catch(() => {});
    const settings = gathering.takeFirstSettings();
    if (settings.length > 0) void carry(settings);
    // Nobody answers where nobody hears.
    if (!(await abortable(opened, late))?.isHeard) return lose();
    const said = await abortable(hello, late);
    const { lock, minor = 0, epoch, isKnown = false, losses } = said;
    // A host of an earlier build, or of none of the usual kinds, or one that has lost something.
    const isUnusual = minor < WIRE_MINOR || (happenings && losses.length > 0);
    if (isUnusual || lock === undefined || locks === undefined) return lose();
    if (isAsleep || isTaken) return;
    onGone(locks, lock, own.closed, lose);
    welcome = said;
    gathering.epoch = epoch;
    gathering.isRemembered ||= isKnown;
    guardIn(SOON_MS, own);
    happenings?.tell({ type: "connected", isAnother: false });
    flush();
  };

  /** Of a link that has ended no timer keeps anything. */
  const guardIn = (ms: number, own: EarlyLink): void => {
    whenAborted(
      own.closed,
      runtime.setTimer(() => void guard(own), ms),
    );
  };

  /** Begins to notice a host that lives and does nothing, once it is known how. */
  const guard = async (own: EarlyLink) => {
    const { watch } = await rest().catch(() => ({ watch: undefined }));
    if (own.closed.aborted || isTaken || !welcome) return;
    // Its file may be there another time.
    if (!watch) return guardIn(AGAIN_MS_MAX, own);
    watchdog = watch(own, welcome.epoch, lose);
    watchdog.note();
  };

  /** A whole client goes on from here, of a page that sleeps when that wakes. */
  const takeOver = () => {
    if (isTaken || isAsleep || over.signal.aborted) return;
    isTaken = true;
    void findClient().then(taken.resolve, taken.reject);
  };

  /** The host is gone, or this is none to stay with. */
  const lose = () => {
    if (link && !link.closed.aborted) {
      link.close();
      if (welcome) happenings?.tell({ type: "disconnected" });
    }
    takeOver();
  };

  const findClient = async (): Promise<Client> => {
    for (let attempt = 0; ; attempt++) {
      try {
        const found = await rest();
        const held = await heldBy(presence);
        over.signal.throwIfAborted();
        stopListening?.();
        // A host that is there is not left.
        const isThere = welcome && link && !link.closed.aborted;
        if (isThere) link?.retire();
        else link?.close();
        whole = found.takeOver({
          ...{ client, gathering, happenings, welcome },
          ...{ presence: held, port: isThere ? port : undefined },
        });
        const next = whole;
        whenAborted(next.over, () => over.abort(next.over.reason));
        if (started || !gathering.isEmpty) next.wake();
        return next;
      } catch (error) {
        if (over.signal.aborted) throw over.signal.reason;
        // Who opens a queue is told of it; what was called since waits as it would for a host.
        if (!welcome) {
          end(error as QueueError);
          throw error;
        }
        const { promise, resolve } = deferred();
        runtime.setTimer(resolve, Math.min(AGAIN_MS_MAX, SOON_MS * 2 ** attempt));
        await promise;
      }
    }
  };

  const suspend = () => {
    if (isTaken && !whole) lose();
    if (isTaken || isAsleep) return;
    // What was called goes, however much is under way.
    while (welcome && !gathering.isEmpty) void carry(gathering.take());
    isAsleep = true;
    if (welcome) {
      link?.post({ op: "suspend" });
      link?.retire();
      happenings?.tell({ type: "disconnected" });
    } else link?.close();
    happenings?.notices.suspend();
    presence?.leave();
    presence = undefined;
  };
  const resume = () => {
    if (!isAsleep) return;
    isAsleep = false;
    happenings?.notices.resume();
    if (started || isWanted) takeOver();
    else if (!gathering.isEmpty) wake();
  };
  const stopListening = parts.lifecycle?.listen({
    suspend,
    resume,
    setHidden(isHidden) {
      // Where pages are closed without a word, this is the last that they hear.
      if (isHidden) gathering.hurry();
    },
  });

  const end = (reason: QueueError) => {
    stopListening?.();
    over.abort(reason);
    gathering.close(reason);
    link?.close();
    happenings?.notices.close();
    presence?.leave();
  };

  return {
    over: over.signal,
    wake,
    get now() {
      return whole;
    },
    async whole() {
      isWanted = true;
      await started;
      await rest();
      takeOver();
      return taken.promise;
    },
    send: gathering.send,
    sendBatch: gathering.sendBatch,
    async configure(queue, settings, signal) {
      signal?.throwIfAborted();
      await abortable(gathering.command({ type: "configure", queue, settings }, signal), signal);
    },
    async close(options = {}) {
      const reason = new QueueError("closed", "the connection was closed");
      const late = new AbortController();
      const cancelTimer = runtime.setTimer(() => late.abort(reason), HOST_MS_MAX);
      try {
        if ((welcome && !isTaken) || !options.force)
          await abortable(abortable(gathering.drained(), late.signal), over.signal);
        if (isTaken && (whole || !options.force)) {
          whole = await abortable(taken.promise, late.signal);
          return await whole.close(options);
        }
        if (welcome) await abortable(link?.call({ op: "goodbye" }) as Promise<void>, late.signal);
      } catch {
        // No host in time, or none any more: what was not sent hears of it.
      } finally {
        cancelTimer();
      }
      end(reason);
    },
  };
}

/** What is held is held on; else another is asked for, and why there is none is told by who asks. */
const heldBy = async (presence: Presence | undefined): Promise<Presence | undefined> =>
  presence?.held.then(
    () => presence,
    () => undefined,
  );
