// What goes into an encrypted queue, sealed, and what comes out of it, opened.
// Invariants: an envelope opens only where it was meant to be: in its database and queue, with the priority and the group
// that it was sent with, as the replacement of that message, the failure of that message, the answer to that request;
// whatever does not open is never shown, and a delivery of it ends among the dead letters.

import type { QueueSealing, Sealing } from "../client/queue/sealing.js";
import { type AnswerPart, REPLY_TO, REQUEST } from "../client/receiving/replies.js";
import type { Verdict } from "../core/commands/commands.js";
import type { Headers } from "../core/log/bodies.js";
import type { Failure } from "../core/log/journal.js";
import { REASON_MAX } from "../core/spec/limits.js";
import type { ScheduleView } from "../link/rpc/views.js";
import { fromBase64, toBase64, toUtf8 } from "./bytes.js";
import { decodeContent, encodeContent } from "./content.js";
import { HEAD_BYTES, type Identity, type Keyring, TAG_BYTES } from "./keyring.js";
import { createNames, roomIn, TAMPERED } from "./names.js";
import { createOpener } from "./opener.js";
import { createOpening } from "./opening.js";
import { sealedClient } from "./sealed-client.js";
import { createSealer, type SealerParts, sealedItem } from "./sealer.js";

const FAILURE_BYTES_MAX = roomIn(REASON_MAX) - HEAD_BYTES - TAG_BYTES;

export function createSealing(
  keyring: Keyring,
  { maySeveral, ...endings }: Pick<QueueSealing, "shredded" | "over"> & Pick<SealerParts, "maySeveral">,
): Sealing {
  const { id: key } = keyring;
  const { shredded } = endings;
  const names = createNames(keyring);
  const sealerParts: SealerParts = { keyring, names, shredded, maySeveral };

  const queueSealing = (queue: string): QueueSealing => {
    shredded.throwIfAborted();
    const opener = createOpener(keyring, queue);
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
    const hideVerdict = async (id: string, verdict: Verdict): Promise<Verdict> => {
      if (verdict.type !== "retry" && verdict.type !== "dead") return verdict;
      const failure = verdict.failure && (await hideFailure(id, verdict.failure));
      const hidden = { ...verdict, ...(failure && { failure }) };
      return hidden.type === "dead" ? { ...hidden, reason: await names.hideReason(hidden.reason) } : hidden;
    };

    const identityOfAnswer = (request: string, replyTo: string): Identity => [queue, replyTo, request];
    const hideAnswer = async <Part extends AnswerPart>(part: Part, headers: Headers = {}): Promise<Part> => {
      const { [REPLY_TO]: replyTo = "", [REQUEST]: request = "" } = headers;
      const [name, body] = "progress" in part ? ["progress", part.progress] : ["value", part.value];
      const content = await encodeContent({ body, headers: undefined });
      return { [name as string]: await keyring.seal("answer", identityOfAnswer(request, replyTo), content) } as Part;
    };

    const groupOf = async (hidden: string | null | undefined) => (hidden ? names.showGroup(hidden) : null);
    const { hiding, admit } = createOpening({ opener, names, hideVerdict, hideAnswer });

    return {
      key,
      ...endings,
      ...createSealer(sealerParts, { alone: "message", named: "named", several: "several", to: queue }),
      async sealReplacement(id, item) {
        const body = await keyring.seal("replacement", [queue, id], await encodeContent(item));
        return sealedItem(item, body, key);
      },
      group: names.hideGroup,
      filter: async ({ reason, ...rest }) =>
        reason === undefined ? rest : { ...rest, reason: await names.hideReason(reason) },
      async message(view) {
        const { reason, error } = view;
        const told = {
          ...(reason !== undefined && { reason: await names.showReason(reason) }),
          ...(error && { error: await showFailure(view.id, error) }),
        };
        try {
          const { body, headers = {} } = await opener.content(view.body, view);
          return { ...view, body, headers, groupId: await groupOf(view.groupId), ...told };
        } catch {
          return { ...view, body: undefined, headers: {}, groupId: null, ...told, error: TAMPERED };
        }
      },
      async schedule<Body>(view: ScheduleView<Body>) {
        const { body, headers = {} } = await opener.content(view.body, view);
        return { ...view, body: body as Body, headers, groupId: await groupOf(view.groupId) };
      },
      async fate(id, fate) {
        if (fate.state !== "dead") return fate;
        const { reason, error } = fate;
        return {
          ...fate,
          reason: await names.showReason(reason),
          ...(error && { error: await showFailure(id, error) }),
        };
      },
      async answer(value, request, replyTo) {
        const plain = await keyring.open(value, (kind) =>
          kind === "answer" ? identityOfAnswer(request, replyTo) : undefined,
        );
        return decodeContent(plain).body;
      },
      hiding,
      admit,
      client: (client) => sealedClient(client, { key, hiding, ...endings }),
      held: {
        failure: hideFailure,
        deduplicationId: (id) => keyring.nameOf("deduplication id", id),
        isHiddenGroup: (name) =>
          keyring.shown("group", name).then(
            () => true,
            () => false,
          ),
      },
    };
  };

  return {
    key,
    queue: queueSealing,
    topic(name) {
      shredded.throwIfAborted();
      const as = { alone: "published", named: "published-named", several: "published-several", to: name } as const;
      return { key, ...createSealer(sealerParts, as) };
    },
  };
}

/** Cut where it would be too long once hidden. */
function cutToFit({ name, message }: Failure): Failure {
  for (let length = message.length; ; length = Math.floor(length * 0.9)) {
    const cut = { name, message: message.slice(0, length) };
    if (length === 0 || toUtf8(JSON.stringify(cut)).length <= FAILURE_BYTES_MAX) return cut;
  }
}
