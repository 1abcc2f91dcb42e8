// What can be done with one message. What destroys asks first; what can be taken back is offered to be.

import type { MessageView, Queue, SendOptions } from "../../index.js";
import { shortId } from "../elements/format.js";
import { ask } from "./dialog.js";
import { button } from "./parts.js";
import { parseBody, parseHeaders, writeBody, writeHeaders } from "./values.js";
import type { Inspecting, Live } from "./view.js";

export interface MessageActing {
  readonly name: string;
  readonly message: MessageView;
  readonly live: Live;
  readonly inspecting: Inspecting;
  /** Called when the message is no longer what it was. */
  done(): void;
}

export function createMessageActs({ name, message, live, inspecting, done }: MessageActing): HTMLButtonElement[] {
  const { openQueue } = live;
  const { say, attempt } = inspecting;
  const { id, body, headers, state } = message;
  const short = shortId(id);
  const isDead = state === "dead";

  const redrive = button("Redrive", () =>
    attempt("It could not be redriven", async () => {
      const { redriven } = await (await openQueue(name)).deadLetters.redrive({ filter: { ids: [id] } });
      say(redriven > 0 ? `${short} is back in ${name}.` : `${short} was no dead letter any more.`);
      done();
    }),
  );

  const text = writeBody(body);
  const edit = button(isDead ? "Edit and redrive…" : "Edit…", () =>
    ask(edit, {
      title: isDead ? `Edit ${short} and redrive it` : `Edit ${short}`,
      text: isDead ? "It goes back to its queue with what you write, in one commit." : "It keeps its place.",
      fields: [
        { name: "body", label: "Body, as JSON", kind: "long", value: text },
        {
          name: "headers",
          label: "Headers, one a line",
          kind: "long",
          value: writeHeaders(headers),
          hint: "name: value",
        },
      ],
      submit: isDead ? "Redrive" : "Save",
      async run(values) {
        const queue = await openQueue(name);
        const given = [id, parseBody(values.body ?? ""), { headers: parseHeaders(values.headers ?? "") }] as const;
        const { replaced } = await (isDead ? queue.deadLetters.replace(...given) : queue.replace(...given));
        if (!replaced) throw new Error("It is no longer what it was: somebody has it, or it is gone.");
        say(isDead ? `${short} is back in ${name}, with what you wrote.` : `${short} has what you wrote.`);
        done();
      },
    }),
  );
  edit.disabled = text === undefined;
  if (edit.disabled) edit.title = "Its body is more than JSON can say";

  const move = button("Move…", () =>
    ask(move, {
      title: `Move ${short} to another queue`,
      text: "It gets another id there. If this page ends in between, it is in both.",
      fields: [{ name: "to", label: "Queue", kind: "text" }],
      submit: "Move",
      async run({ to = "" }) {
        if (to === name) throw new Error("It is in that queue.");
        const [from, target] = [await openQueue(name), await openQueue(to)];
        const copy = await target.send(body, sendOptionsOf(message));
        if (await remove(from, message)) say(`${short} is in ${to} now, as ${shortId(copy.id)}.`);
        else {
          await target.purge({ ids: [copy.id] });
          throw new Error("It is gone meanwhile, and was not moved.");
        }
        done();
      },
    }),
  );

  const destroy = button(
    "Delete…",
    () =>
      ask(destroy, {
        title: `Delete ${short}?`,
        text:
          state === "leased"
            ? "A consumer has it in hand: its signal aborts, and nobody gets it again."
            : `It leaves ${name} for good.`,
        submit: "Delete",
        isDanger: true,
        async run() {
          const queue = await openQueue(name);
          const again = () => queue.send(body, sendOptionsOf(message));
          if (!(await remove(queue, message))) throw new Error("It was gone already.");
          // A dead letter would be handled, and not be dead.
          if (isDead) say(`${short} is deleted.`);
          else say(`${short} is deleted. To undo sends it again, under another id.`, again);
          done();
        },
      }),
    "danger",
  );

  return [...(isDead ? [redrive] : []), ...(state === "leased" ? [] : [edit, move]), destroy];
}

async function remove(queue: Queue, { id, state }: MessageView): Promise<boolean> {
  const { purged } = await (state === "dead"
    ? queue.deadLetters.purge({ filter: { ids: [id] } })
    : queue.purge({ ids: [id] }));
  return purged > 0;
}

/** As it was sent, as far as it shows. */
function sendOptionsOf({ priority, groupId, headers, deliverAt }: MessageView): SendOptions {
  return { priority, headers, ...(groupId !== null && { groupId }), ...(deliverAt !== null && { deliverAt }) };
}
