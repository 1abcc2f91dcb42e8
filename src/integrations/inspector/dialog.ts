// Asks before something is done: fields, what is wrong with them, and a button that says what happens.

import { h, setText } from "../elements/dom.js";
import { wordsOf } from "../elements/words-of.js";

export interface FieldSpec {
  readonly name: string;
  readonly label: string;
  readonly kind: "text" | "number" | "long" | "choice";
  readonly value?: string | undefined;
  /** Of a choice: value and words. */
  readonly options?: readonly (readonly [value: string, words: string])[];
  readonly hint?: string;
}

export interface Question {
  readonly title: string;
  readonly text?: string;
  readonly fields?: readonly FieldSpec[];
  readonly submit: string;
  /** It destroys something. */
  readonly isDanger?: boolean;
  /** Does it; what it throws is shown, and the question stays. `signal`: the question was left before it was done. */
  run(values: Readonly<Record<string, string>>, signal: AbortSignal): Promise<unknown>;
}

/** Longer than an answer takes that comes at once: a queue that is full may let its sender wait. */
const LATE_MS = 2_000;

let last = 0;

/** Shows the question over the inspector that `near` is in, and gives the focus back to it. Resolves to whether it was answered. */
export function ask(near: HTMLElement, question: Question): Promise<boolean> {
  let isAnswered = false;
  const prefix = `d${++last}`;
  const fields = (question.fields ?? []).map((spec) => {
    const input = inputOf(spec);
    input.id = `${prefix}-${spec.name}`;
    const hint = spec.hint === undefined ? [] : [h("span", { class: "note", id: `${input.id}-hint` }, spec.hint)];
    if (hint.length > 0) input.setAttribute("aria-describedby", `${input.id}-hint`);
    return {
      spec,
      input,
      element: h("div", { class: "field" }, h("label", { for: input.id }, spec.label), input, ...hint),
    };
  });
  const problem = h("p", { class: "wrong", role: "alert" });
  const submit = h("button", { class: `button ${question.isDanger ? "danger sure" : "primary"}` }, question.submit);
  const cancel = h("button", { type: "button", class: "button quiet" }, "Cancel");
  const form = h(
    "form",
    {},
    h("h2", { id: `${prefix}-title` }, question.title),
    ...(question.text === undefined ? [] : [h("p", {}, question.text)]),
    ...fields.map(({ element }) => element),
    problem,
    h("div", { class: "buttons" }, cancel, submit),
  );
  const dialog = h("dialog", { "aria-labelledby": `${prefix}-title`, lang: "en" }, form);
  const left = new AbortController();
  const root = near.getRootNode() as ShadowRoot | Document;
  (root instanceof Document ? root.body : root).append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      left.abort();
      near.focus();
      resolve(isAnswered);
    });
    // What closes the dialog is not to close what is behind it.
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    cancel.addEventListener("click", () => dialog.close());
    let isRunning = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (isRunning) return;
      isRunning = true;
      const tellLate = setTimeout(() => setText(problem, "It is not done yet. “Cancel” gives it up."), LATE_MS);
      try {
        const values = Object.fromEntries(fields.map(({ spec, input }) => [spec.name, input.value]));
        await question.run(values, left.signal);
        isAnswered = true;
        dialog.close();
      } catch (reason) {
        setText(problem, wordsOf(reason));
      } finally {
        clearTimeout(tellLate);
        isRunning = false;
      }
    });
    dialog.showModal();
  });
}

function inputOf({
  kind,
  value = "",
  options = [],
}: FieldSpec): HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement {
  if (kind === "choice") {
    const select = h("select", {}, ...options.map(([one, words]) => h("option", { value: one }, words)));
    select.value = value;
    return select;
  }
  const input =
    kind === "long"
      ? h("textarea", { rows: "8", spellcheck: "false" })
      : h("input", { type: kind, ...(kind === "number" && { step: "any" }) });
  input.value = value;
  return input;
}
