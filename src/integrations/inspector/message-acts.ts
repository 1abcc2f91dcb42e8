// What can be done with one message. What destroys asks first; what can be taken back is offered to be, and what cannot waits a
// few seconds before it is done.

import type { MessageView, Queue, SendOptions } from "../../index.js";
import { shortId } from "../elements/format.js";
import { ask, type Question } from "./dialog.js";
import { button, setUsable } from "./parts.js";
import { HEADERS_HINT, parseBody, parseHeaders, writeBody, writeHeaders } from "./values.js";
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
  const { openQueue, checkBody } = live;
  const { say, later, refresh } = inspecting;
  const { id, body, headers, state } = message;
  const short = shortId(id);
  const isDead = state === "dead";

  const askThen = async (near: HTMLElement, question: Question) => (await ask(near, question)) && done();

  const redrive = button("Redrive", () => {
    later(`${short} goes back to ${name}`, "It could not be redriven", async () => {
      const { redriven } = await (await openQueue(name)).deadLetters.redrive({ filter: { ids: [id] } });
      refresh();
      say(redriven > 0 ? `${short} is back in ${name}.` : `${short} was no dead letter any more.`);
    });
    done();
  });

  const text = writeBody(body);
  const edit = button(isDead ? "Edit and redrive…" : "Edit…", () =>
    askThen(edit, {
      title: isDead ? `Edit ${short} and redrive it` : `Edit ${short}`,
      text: isDead ? "It goes back to its queue with what you write, in one commit." : "It keeps its place.",
      fields: [
        { name: "body", label: "Body, as JSON", kind: "long", value: text },
        {
          name: "headers",
          label: "Headers, one a line",
          kind: "long",
          value: writeHeaders(headers),
          hint: HEADERS_HINT,
        },
      ],
      submit: isDead ? "Redrive" : "Save",
      async run(values) {
        const queue = await openQueue(name);
        const given = [id, parseBody(values.body ?? ""), { headers: parseHeaders(values.headers ?? "") }] as const;
        if (isDead) {
          await checkBody(name, given[1]);
          later(`${short} goes back to ${name}, with what you wrote`, "It could not be redriven", async () => {
            mustBe(await queue.deadLetters.replace(...given));
            refresh();
            say(`${short} is back in ${name}, with what you wrote.`);
          });
        } else {
          mustBe(await queue.replace(...given));
          say(`${short} has what you wrote.`, async () => {
            mustBe(await queue.replace(id, body, { headers }));
            refresh();
          });
        }
      },
    }),
  );
  setUsable(edit, text !== undefined);
  if (text === undefined) edit.title = "Its body is more than JSON can say, or too long";

  const move = button("Move…", () =>
    askThen(move, {
      title: `Move ${short} to another queue`,
      text: "It gets another id there. If this page ends in between, it is in both.",
      fields: [{ name: "to", label: "Queue", kind: "text" }],
      submit: "Move",
      async run({ to = "" }, signal) {
        if (to === name) throw new Error("It is in that queue.");
        const [from, target] = [await openQueue(name), await openQueue(to)];
        const there = (until: AbortSignal) => moved(from, target, message, until);
        if (isDead) {
          later(`${short} moves to ${to}`, "It could not be moved", async () => {
            const copy = await there(soon());
            refresh();
            say(`${short} is in ${to} now, as ${shortId(copy.id)}.`);
          });
        } else {
          const copy = await there(signal);
          say(`${short} is in ${to} now, as ${shortId(copy.id)}.`, async () => {
            await moved(target, from, copy, soon());
            refresh();
          });
        }
      },
    }),
  );

  const destroy = button(
    "Delete…",
    () =>
      askThen(destroy, {
        title: `Delete ${short}?`,
        text:
          state === "leased"
            ? "A consumer has it in hand: its signal aborts, and nobody gets it again."
            : `It leaves ${name} for good.`,
        submit: "Delete",
        isDanger: true,
        async run() {
          later(`${short} is deleted`, "It could not be deleted", async () => {
            if (!(await remove(await openQueue(name), message))) throw new Error("It was gone already.");
            refresh();
            say(`${short} is deleted.`);
          });
        },
      }),
    "danger",
  );

  return [...(isDead ? [redrive] : []), ...(state === "leased" ? [] : [edit, move]), destroy];
}

function mustBe({ replaced }: { readonly replaced: boolean }): void {
  if (!replaced) throw new Error("It is no longer what it was: somebody has it, or it is gone.");
}

/** How long a queue that is full may let a message wait that nobody waits for with a question open. */
const WAIT_MS = 10_000;
const soon = () => AbortSignal.timeout(WAIT_MS);

/** Resolves to what it is there. */
async function moved(from: Queue, to: Queue, message: MessageView, signal: AbortSignal): Promise<MessageView> {
  const { id } = await to.send(message.body, { ...sendOptionsOf(message), signal });
  if (await remove(from, message)) return { ...message, id, state: "ready" };
  await to.purge({ ids: [id] });
  throw new Error("It is gone meanwhile, and was not moved.");
}

async function remove(queue: Queue, { id, state }: MessageView): Promise<boolean> {
  const { purged } = await (state === "dead"
    ? queue.deadLetters.purge({ filter: { ids: [id] } })
    : queue.purge({ ids: [id] }));
  return purged > 0;
}

/** As it was sent, as far as it shows. */
function sendOptionsOf({ priority, groupId, headers, deliverAt, expiresAt, state }: MessageView): SendOptions {
  // One that has died may have died of its end, and is to be there all the same.
  const ttlMs = expiresAt === null || state === "dead" ? undefined : Math.max(1, expiresAt - Date.now());
  return {
    priority,
    headers,
    ...(groupId !== null && { groupId }),
    ...(deliverAt !== null && { deliverAt }),
    ...(ttlMs !== undefined && { ttlMs }),
  };
}
