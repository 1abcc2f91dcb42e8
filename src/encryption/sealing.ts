// What goes into an encrypted queue, sealed, and what comes out of it, opened.
// Invariants: an envelope opens only where it was meant to be: in its database and queue, with the priority and the group
// that it was sent with, as the replacement of that message, the failure of that message, the answer to that request;
// whatever does not open is never shown, and a delivery of it ends among the dead letters.

import type { QueueSealing, Sealing } from "../client/queue/sealing.js";
import type { Admit } from "../client/receiving/admission.js";
import { failureOf } from "../client/receiving/failure.js";
import type { Holding, Revealed } from "../client/receiving/holding.js";
import { type AnswerPart, REPLY_TO, REQUEST } from "../client/receiving/replies.js";
import type { Item } from "../client/sending/item.js";
import type { Verdict } from "../core/commands/commands.js";
import type { Failure } from "../core/log/journal.js";
import { estimateBytes } from "../core/log/size.js";
import { invalid } from "../core/spec/check.js";
import { QueueError } from "../core/spec/errors.js";
import { DEDUPLICATION_ID_MAX, GROUP_ID_MAX, REASON_MAX } from "../core/spec/limits.js";
import type { ScheduleView } from "../link/rpc/views.js";
import { type Bytes, fromBase64, toBase64, toUtf8 } from "./bytes.js";
import { type Content, decodeContent, encodeContent } from "./content.js";
import { HEAD_BYTES, type Identity, type Keyring, type Kind, SIV_BYTES, TAG_BYTES, tampered } from "./keyring.js";

/** Begins a reason that is hidden; those of the library's own stay readable. */
const HIDDEN = "sealed:";
/** Of a text that is hidden in so many characters, in bytes of UTF-8. */
const roomIn = (characters: number): number => Math.floor((characters * 3) / 4);
const GROUP_BYTES_MAX = roomIn(GROUP_ID_MAX) - SIV_BYTES;
const REASON_BYTES_MAX = roomIn(REASON_MAX - HIDDEN.length) - SIV_BYTES;
const FAILURE_BYTES_MAX = roomIn(REASON_MAX) - HEAD_BYTES - TAG_BYTES;

/** Where a message is: what it was sealed for, if it was sealed for this. */
interface Place {
  readonly id: string;
  readonly priority: number;
  /** As the host knows it. */
  readonly groupId: string | null;
}

export function createSealing(keyring: Keyring, endings: Pick<QueueSealing, "shredded" | "over">): Sealing {
  const { id: key } = keyring;
  const { shredded } = endings;
  const hideGroup = async (groupId: string) => {
    assertHideable("groupId", groupId, GROUP_BYTES_MAX);
    return keyring.hidden("group", groupId);
  };
  const nameOf = async (deduplicationId: string) => {
    assertHideable("deduplicationId", deduplicationId, 3 * DEDUPLICATION_ID_MAX);
    return keyring.nameOf("deduplication id", deduplicationId);
  };
  const groupOf = async (hidden: string | null | undefined) => (hidden ? keyring.shown("group", hidden) : null);

  const sealedItem = (
    item: Item,
    body: Bytes,
    groupId: string | undefined,
    deduplicationId: string | undefined,
  ): Item => ({
    body,
    text: undefined,
    bytes: estimateBytes(body),
    headers: undefined,
    groupId,
    deduplicationId,
    attributes: { ...item.attributes, sealed: key },
  });

  /** `named`: what is sent under a deduplication id may take the place of another message, with that one's attributes. */
  const sealer = (message: Kind, named: Kind, to: string) => async (items: readonly Item[]) => {
    shredded.throwIfAborted();
    return Promise.all(
      items.map(async (item, index) => {
        const { groupId: group, deduplicationId: id, attributes } = item;
        const groupId = group === undefined ? undefined : await hideGroup(group);
        const deduplicationId = id === undefined ? undefined : await nameOf(id);
        const [kind, identity]: [Kind, Identity] =
          id === undefined ? [message, [to, attributes.priority, groupId ?? null]] : [named, [to]];
        const content = await encodeContent(item).catch((error) => {
          throw items.length > 1 ? atPlace(error, index) : error;
        });
        return sealedItem(item, await keyring.seal(kind, identity, content), groupId, deduplicationId);
      }),
    );
  };

  const queueSealing = (queue: string): QueueSealing => {
    shredded.throwIfAborted();
    // Of a subscription: what was published to its topic is in it, too.
    const topic = queue.slice(0, Math.max(0, queue.lastIndexOf("/")));

    const openMessage = async (envelope: unknown, { id, priority, groupId }: Place): Promise<Content> =>
      decodeContent(
        await keyring.open(envelope, (kind) => {
          if (kind === "message") return [queue, priority, groupId];
          if (kind === "named") return [queue];
          if (kind === "published") return [topic, priority, groupId];
          if (kind === "published-named") return [topic];
          return kind === "replacement" ? [queue, id] : undefined;
        }),
      );

    const hideFailure = async (id: string, failure: Failure): Promise<Failure> => {
      const plain = toUtf8(JSON.stringify(cutToFit(failure)));
      return { name: "sealed", message: toBase64(await keyring.seal("failure", [queue, id], plain)) };
    };
    const showFailure = async (id: string, failure: Failure): Promise<Failure> => {
      // What the library says of itself holds nothing of a message.
      if (failure.name !== "sealed") return failure;
      try {
        const plain = await keyring.open(fromBase64(failure.message), (kind) =>
          kind === "failure" ? [queue, id] : undefined,
        );
        return JSON.parse(new TextDecoder().decode(plain)) as Failure;
      } catch {
        return TAMPERED;
      }
    };
    const hideReason = async (reason: string) => {
      if (OWN_REASONS.has(reason)) return reason;
      assertHideable("reason", reason, REASON_BYTES_MAX);
      return `${HIDDEN}${await keyring.hidden("reason", reason)}`;
    };
    const showReason = (reason: string): Promise<string> | string =>
      reason.startsWith(HIDDEN)
        ? keyring.shown("reason", reason.slice(HIDDEN.length)).catch(() => TAMPERED.name)
        : reason;

    const hideVerdict = async (id: string, verdict: Verdict): Promise<Verdict> => {
      if (verdict.type !== "retry" && verdict.type !== "dead") return verdict;
      const failure = verdict.failure && (await hideFailure(id, verdict.failure));
      const hidden = { ...verdict, ...(failure && { failure }) };
      return hidden.type === "dead" ? { ...hidden, reason: await hideReason(hidden.reason) } : hidden;
    };

    const identityOfAnswer = (request: string, replyTo: string): Identity => [queue, replyTo, request];
    const hideAnswer = async <Part extends AnswerPart>(part: Part, { headers }: Content): Promise<Part> => {
      const { [REPLY_TO]: replyTo = "", [REQUEST]: request = "" } = headers ?? {};
      const [name, body] = "progress" in part ? ["progress", part.progress] : ["value", part.value];
      const content = await encodeContent({ body, headers: undefined });
      return { [name as string]: await keyring.seal("answer", identityOfAnswer(request, replyTo), content) } as Part;
    };

    const revealed = async (holding: Holding<unknown>): Promise<Revealed> => {
      const { id, priority, groupId: hidden } = holding.delivery;
      const content = await openMessage(holding.body, { id, priority, groupId: hidden });
      return {
        ...content,
        groupId: (await groupOf(hidden)) ?? "",
        hideVerdict: (verdict) => hideVerdict(id, verdict),
        hideAnswer: (part) => hideAnswer(part, content),
      };
    };
    const opening = new WeakMap<Holding<unknown>, Promise<Revealed>>();
    /** However long each takes to open, handlers begin in the order in which messages came. */
    let last: Promise<unknown> = Promise.resolve();
    const begin = (holding: Holding<unknown>): Promise<Revealed> => {
      const known = opening.get(holding);
      if (known) return known;
      const opened = revealed(holding);
      // Of those before it nothing is kept.
      const turn = Promise.allSettled([opened, last]).then(() => {});
      last = turn;
      const inTurn = turn.then(() => opened);
      inTurn.catch(() => {});
      opening.set(holding, inTurn);
      return inTurn;
    };
    const admit: Admit = async (holding) => {
      try {
        holding.reveal(await begin(holding));
        return true;
      } catch (error) {
        const isTampered = error instanceof QueueError && error.code === "tampered";
        const verdict: Verdict = isTampered
          ? { type: "dead", reason: TAMPERED.name, failure: TAMPERED }
          : { type: "retry", failure: failureOf(error) };
        holding.settleThen(verdict, () => {});
        return false;
      }
    };

    return {
      key,
      ...endings,
      seal: sealer("message", "named", queue),
      async sealReplacement(id, item) {
        const body = await keyring.seal("replacement", [queue, id], await encodeContent(item));
        return sealedItem(item, body, undefined, undefined);
      },
      group: hideGroup,
      filter: async ({ reason, ...rest }) =>
        reason === undefined ? rest : { ...rest, reason: await hideReason(reason) },
      async message(view) {
        const { reason, error } = view;
        const told = {
          ...(reason !== undefined && { reason: await showReason(reason) }),
          ...(error && { error: await showFailure(view.id, error) }),
        };
        try {
          const { body, headers = {} } = await openMessage(view.body, view);
          return { ...view, body, headers, groupId: await groupOf(view.groupId), ...told };
        } catch {
          return { ...view, body: undefined, headers: {}, groupId: null, ...told, error: TAMPERED };
        }
      },
      async schedule<Body>(view: ScheduleView<Body>) {
        const { body, headers = {} } = await openMessage(view.body, view);
        return { ...view, body: body as Body, headers, groupId: await groupOf(view.groupId) };
      },
      async fate(id, fate) {
        if (fate.state !== "dead") return fate;
        const { reason, error } = fate;
        return { ...fate, reason: await showReason(reason), ...(error && { error: await showFailure(id, error) }) };
      },
      async answer(value, request, replyTo) {
        const plain = await keyring.open(value, (kind) =>
          kind === "answer" ? identityOfAnswer(request, replyTo) : undefined,
        );
        return decodeContent(plain).body;
      },
      hiding: { begin: (holding) => void begin(holding) },
      admit,
    };
  };

  return {
    key,
    queue: queueSealing,
    topic(name) {
      shredded.throwIfAborted();
      return { key, seal: sealer("published", "published-named", name) };
    },
  };
}

const TAMPERED: Failure & { readonly name: "tampered" } = {
  name: "tampered",
  message: tampered("the message").message,
};

/** Why the library itself gives a message up. */
const OWN_REASONS: ReadonlySet<string> = new Set([
  ...["max-deliveries", "expired", "overflow", "not-cloneable", "schema-mismatch", "tampered"],
]);

/** Throws `invalid-argument` where the text would be too long once hidden, or would not come back as it is. */
function assertHideable(name: string, text: string, bytesMax: number): void {
  if (toUtf8(text).length > bytesMax || /\p{Surrogate}/u.test(text))
    invalid(name, text, `well-formed text of at most ${bytesMax} bytes of UTF-8, in an encrypted queue`);
}

/** Of one of several. */
const atPlace = (error: unknown, index: number): unknown =>
  error instanceof QueueError
    ? new QueueError(error.code, `message ${index}: ${error.message}`, {
        cause: error,
        detail: { ...error.detail, index },
      })
    : error;

/** Cut where it would be too long once hidden. */
function cutToFit({ name, message }: Failure): Failure {
  for (let length = message.length; ; length = Math.floor(length * 0.9)) {
    const cut = { name, message: message.slice(0, length) };
    if (length === 0 || toUtf8(JSON.stringify(cut)).length <= FAILURE_BYTES_MAX) return cut;
  }
}
