// Editing: the application's form in a dialog of the element. Invariant: nothing is held back while somebody writes; what is
// saved takes effect if the request still waits then, or not at all.

import { focusedIn, h, setText } from "../elements/dom.js";
import type { WaitingOutboxMessage } from "../outbox/message.js";
import type { DeadOutboxMessage } from "../outbox/options.js";
import type { OutboxSpeech } from "./words.js";

export type Editable = WaitingOutboxMessage | DeadOutboxMessage;

export interface EditorHost {
  readonly speech: OutboxSpeech;
  /** Resolves with what to say where it was not saved, and the dialog stays. */
  save(message: Editable, form: HTMLFormElement): Promise<string | undefined>;
  /** Where the focus goes when what had it has gone. */
  focusLost(): void;
}

export interface Editor {
  readonly element: HTMLDialogElement;
  /** The form that is slotted, if there is one. */
  form(): HTMLFormElement | undefined;
  open(message: Editable, title: string): void;
  close(): void;
}

export function createEditor(host: EditorHost): Editor {
  const { speech } = host;
  const heading = h("div", {
    part: "editor-heading",
    role: "heading",
    "aria-level": "2",
    id: "editor-title",
    dir: "auto",
  });
  const problem = h("p", { part: "notice", role: "alert" });
  const slot = h("slot", { name: "editor" });
  const save = h("button", { type: "button", part: "button primary save" }, speech.say("save"));
  const cancel = h("button", { type: "button", part: "button cancel" }, speech.say("cancel"));
  const element = h(
    "dialog",
    { part: "editor", "aria-labelledby": "editor-title" },
    ...[heading, slot, problem, h("div", { part: "actions" }, save, cancel)],
  );
  let message: Editable | undefined;
  const form = () => slot.assignedElements({ flatten: true }).find((one) => one instanceof HTMLFormElement);
  const complain = (text = "") => setText(problem, text);
  save.addEventListener("click", () => form()?.requestSubmit());
  cancel.addEventListener("click", () => element.close());
  let isSaving = false;
  slot.addEventListener("submit", (event) => {
    event.preventDefault();
    const [edited, filled] = [message, form()];
    if (edited === undefined || filled === undefined || isSaving) return;
    isSaving = true;
    void host.save(edited, filled).then((why) => {
      isSaving = false;
      if (message !== edited) return;
      if (why === undefined) element.close();
      else complain(why);
    });
  });
  // Two fields and no button of its own: no browser submits such a form by itself.
  slot.addEventListener("keydown", (event) => {
    const isField = event.target instanceof HTMLInputElement && !event.isComposing;
    const hasButton = form()?.querySelector("button:not([type=button]), input[type=submit]");
    if (event.key !== "Enter" || !isField || hasButton) return;
    event.preventDefault();
    form()?.requestSubmit();
  });
  element.addEventListener("close", () => {
    // It is told late: the dialog may be open again.
    if (element.open) return;
    message = undefined;
    // The browser gives the focus back to what had it, if that is still there.
    if (focusedIn(element) === null) host.focusLost();
  });
  return {
    element,
    form,
    open(edited, title) {
      message = edited;
      setText(heading, speech.say("named", { act: speech.say("edit"), title }));
      complain();
      element.showModal();
      const filled = form();
      if (filled) fillForm(filled, edited.metadata);
      const first = [...(filled?.elements ?? [])].find((one) => one.matches(":is(input, textarea, select):enabled"));
      (first as HTMLElement | undefined)?.focus();
    },
    close: () => element.close(),
  };
}

/** Writes members of the metadata into the fields of their names. */
function fillForm(form: HTMLFormElement, metadata: unknown): void {
  form.reset();
  if (typeof metadata !== "object" || metadata === null) return;
  for (const [name, value] of Object.entries(metadata)) {
    const field = form.elements.namedItem(name);
    const isFile = field instanceof HTMLInputElement && field.type === "file";
    if (field === null || isFile || !["string", "number", "boolean"].includes(typeof value)) continue;
    if (field instanceof HTMLInputElement && field.type === "checkbox") field.checked = value === true;
    else (field as HTMLInputElement | RadioNodeList).value = String(value);
  }
}
