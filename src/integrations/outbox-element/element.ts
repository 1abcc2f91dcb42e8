// The custom element: its properties and events, and its life in a page. Invariants: it reads nothing before it is in a page
// and has an outbox, and nothing after it has left; it changes an outbox only when somebody asks it to.

import { takeEarly } from "../elements/dom.js";
import { createSpeech, textsFor } from "../elements/speech.js";
import { SHARED_STYLE, sheetOf } from "../elements/style.js";
import type { Outbox } from "../outbox/outbox.js";
import { type EditedRequest, requestOfForm } from "./acting.js";
import type { Editable } from "./editor.js";
import { type Shown, showOutbox } from "./showing.js";
import { OUTBOX_STYLE } from "./style.js";
import { english } from "./texts/english.js";
import type { OutboxTexts } from "./texts/texts.js";
import { describedByDefault, describedUnread, type OutboxDescription, type OutboxItem } from "./words.js";

/** What is asked of an element by its events, each of which can be prevented: then the application does it, or does not. */
export type OutboxElementEvent = CustomEvent<{ readonly message: Editable }>;

/** What the element tells before it is done. */
export interface OutboxElementEventMap {
  /** Somebody wants it sent again. */
  retry: OutboxElementEvent;
  /** Somebody wants to edit it. Prevented, no dialog opens: the application edits, and calls `outbox.replace`. */
  edit: OutboxElementEvent;
  /** Somebody wants it gone, and was asked whether that is so. */
  discard: OutboxElementEvent;
}

/** `<originmq-outbox>`: the inbox for the people whose requests wait, or failed. */
export interface OutboxElement extends HTMLElement {
  /** What it shows. It is not closed here. */
  outbox: Outbox | undefined;
  /** What it says. Default: of the languages that it was defined with, that of the page, or English. */
  texts: OutboxTexts | undefined;
  /** What a request is about. Default: its metadata's `title`, or the metadata that are a text, or method and path. */
  describe: ((message: OutboxItem) => OutboxDescription) | undefined;
  /**
   * The request that the slotted form stands for. Default: its fields as a form, sent to the same address by the same method; those
   * that are text are the metadata, in which they are found again. What it throws is shown, and nothing is changed.
   */
  requestOf: ((message: Editable, form: HTMLFormElement) => EditedRequest | Promise<EditedRequest>) | undefined;
  /** Offers editing without a form in the slot "editor": the application listens to `edit`. Attribute `editable`. */
  editable: boolean;
  /** Rows of each list, until more are asked for. Default 50. Attribute `page-size`. */
  pageSize: number;
  /** Of the lists' headings, 1 to 6. Default 3. Attribute `heading-level`. */
  headingLevel: number;
  /** Its own events beside those of any element. */
  addEventListener<Type extends keyof OutboxElementEventMap>(
    type: Type,
    listener: (event: OutboxElementEventMap[Type]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

const PROPERTIES = ["outbox", "texts", "describe", "requestOf"] as const;

/** The class, made where there is a page: a module that imports this may be loaded on a server. */
export function createOutboxElementClass(languages: readonly OutboxTexts[]): new () => OutboxElement {
  const sheet = sheetOf(SHARED_STYLE + OUTBOX_STYLE);

  return class extends HTMLElement implements OutboxElement {
    static readonly observedAttributes = ["lang", "editable", "page-size", "heading-level"];
    #outbox: Outbox | undefined;
    #texts: OutboxTexts | undefined;
    #describe: OutboxElement["describe"];
    /** The language around it when it began to show. */
    #spoken: string | undefined;
    /** The last that threw. */
    #failed: OutboxElement["describe"];
    declare requestOf: OutboxElement["requestOf"];
    #offlineSince: number | undefined;
    #shown: Shown | undefined;
    #isRestarting = false;

    constructor() {
      super();
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    }

    get outbox() {
      return this.#outbox;
    }
    set outbox(outbox) {
      if (outbox === this.#outbox) return;
      this.#outbox = outbox;
      this.#restart();
    }
    get texts() {
      return this.#texts;
    }
    set texts(texts) {
      const isSame = sameTexts(texts, this.#texts) && this.#language() === this.#spoken;
      this.#texts = texts;
      if (isSame) return;
      this.#restart();
    }
    get describe() {
      return this.#describe;
    }
    set describe(describe) {
      this.#describe = describe;
      // Frameworks give another function with each rendering: what is open stays open.
      this.#shown?.refresh();
    }
    get editable() {
      return this.hasAttribute("editable");
    }
    set editable(isEditable) {
      this.toggleAttribute("editable", isEditable);
    }
    get pageSize() {
      return wholeOf(this.getAttribute("page-size"), 1, 10_000) ?? 50;
    }
    set pageSize(rows) {
      this.setAttribute("page-size", String(rows));
    }
    get headingLevel() {
      return wholeOf(this.getAttribute("heading-level"), 1, 6) ?? 3;
    }
    set headingLevel(level) {
      this.setAttribute("heading-level", String(level));
    }

    connectedCallback() {
      takeEarly(this, PROPERTIES);
      addEventListener("online", this.#onNetwork);
      addEventListener("offline", this.#onNetwork);
      this.#restart();
    }
    disconnectedCallback() {
      removeEventListener("online", this.#onNetwork);
      removeEventListener("offline", this.#onNetwork);
      this.#offlineSince = undefined;
      this.#stop();
    }
    attributeChangedCallback(_name: string, before: string | null, now: string | null) {
      if (before !== now) this.#restart();
    }

    #onNetwork = ({ type }: Event) => {
      this.#offlineSince = type === "offline" ? Date.now() : undefined;
      this.#shown?.networkChanged();
    };

    /** Once for all that is set in one go. */
    #restart() {
      if (this.#isRestarting) return;
      this.#isRestarting = true;
      queueMicrotask(() => {
        this.#isRestarting = false;
        this.#stop();
        if (this.isConnected && this.#outbox) this.#shown = this.#start(this.#outbox);
      });
    }
    #stop() {
      this.#shown?.end();
      this.#shown = undefined;
      this.shadowRoot?.replaceChildren();
    }

    #language(): string {
      return languageAround(this) || navigator.language;
    }

    #speech() {
      const language = this.#language();
      this.#spoken = language;
      const found = textsFor([...languages, english], language);
      const texts = this.#texts ?? found ?? english;
      return createSpeech(texts, texts === found ? language : texts.lang);
    }

    /** What an application cannot describe is shown all the same, and its failure reported once for each function. */
    #described(message: OutboxItem): OutboxDescription {
      let said: Partial<OutboxDescription> | undefined;
      try {
        said = this.#describe?.(message);
      } catch (error) {
        if (this.#failed !== this.#describe) reportError(error);
        this.#failed = this.#describe;
      }
      return { ...said, title: said?.title || describedByDefault(message).title };
    }

    #start(outbox: Outbox): Shown {
      const speech = this.#speech();
      const shown = showOutbox(outbox, {
        speech,
        pageSize: this.pageSize,
        headingLevel: String(this.headingLevel),
        describe: (message) => describedUnread(speech, message) ?? this.#described(message),
        requestOf: (message, form) => (this.requestOf ?? requestOfForm)(message, form),
        isEditable: () => this.editable,
        offlineSince: () => this.#offlineSince,
        ask: (type, message) => this.dispatchEvent(new CustomEvent(type, { detail: { message }, cancelable: true })),
      });
      this.shadowRoot?.replaceChildren(shown.element);
      shown.refresh();
      return shown;
    }
  };
}

/** Frameworks give another object with each rendering: what is open stays open. */
const sameTexts = (a: OutboxTexts | undefined, b: OutboxTexts | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && JSON.stringify(a) === JSON.stringify(b));

/** Of the nearest `lang`, also around the elements whose shadow this one is in. */
function languageAround(element: Element): string | undefined {
  const found = element.closest<HTMLElement>("[lang]");
  if (found) return found.lang;
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? languageAround(root.host) : undefined;
}

const wholeOf = (text: string | null, min: number, max: number): number | undefined => {
  const number = Number(text ?? "");
  return Number.isInteger(number) && number >= min && number <= max ? number : undefined;
};
