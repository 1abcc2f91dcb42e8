// <originmq-inspector>: a panel over any page, or a part of one.
// Invariant: while it is closed, or in no document, it has no connection of its own, reads nothing and listens to nothing.

import type { Connection, StandardSchema } from "../../index.js";
import { h, takeEarly } from "../elements/dom.js";
import { sheetOf } from "../elements/style.js";
import { beginInspecting } from "./beginning.js";
import type { Bundle } from "./bundle.js";
import { ownOf } from "./own.js";
import { createPanel, type Panel } from "./panel.js";
import { STYLE } from "./style.js";

/** Of all of them, made with the first: a server has none. */
let sheet: CSSStyleSheet | undefined;

/** On a server there are no elements, and the module may still be imported. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/**
 * `<originmq-inspector>`. Attributes: `open`: the panel is open; `inline`: it stands where it is in the page, and is always
 * open; `database`: whose queues, where no connection is given (default "originmq"); `theme`: `light` or `dark`, in place of
 * the page's `color-scheme`; `queue`: whose messages are shown first. Fires `toggle` when it was opened or closed.
 */
export class InspectorElement extends Base {
  /** Of which the browser tells it. */
  static readonly observedAttributes: readonly string[] = ["open", "inline", "database"];

  /** By queue: what bodies that are written here are checked against, as `send` does. Read when a queue is first looked at. */
  get schemas(): Readonly<Record<string, StandardSchema>> {
    return this.#schemas;
  }

  set schemas(schemas: Readonly<Record<string, StandardSchema>>) {
    this.#schemas = schemas;
  }

  #schemas: Readonly<Record<string, StandardSchema>> = {};
  #given: Connection | undefined;
  #bundle: Bundle | undefined;
  #end: (() => void) | undefined;
  /** The reader has opened it, or has the focus in it: the focus follows. */
  #isAsked = false;
  /** What is open now is of these. */
  #key = "";

  /** Whose queues; it is not closed here. Default: one of its own to `database`, while it is open. */
  get connection(): Connection | undefined {
    return this.#given;
  }

  set connection(connection: Connection | undefined) {
    // Frameworks give the same again.
    if (connection === this.#given) return;
    this.#given = connection;
    this.#rearrange();
  }

  /** A support bundle that is looked at in place of the database. Read only. */
  get bundle(): Bundle | undefined {
    return this.#bundle;
  }

  set bundle(bundle: Bundle | undefined) {
    if (bundle === this.#bundle) return;
    this.#bundle = bundle;
    this.#rearrange();
  }

  /** Whether the panel is open; `inline` always is. */
  get open(): boolean {
    return this.hasAttribute("open");
  }

  set open(isOpen: boolean) {
    this.toggleAttribute("open", isOpen);
  }

  /** Called by the browser: it is in a document. */
  connectedCallback(): void {
    takeEarly(this, ["connection", "bundle", "schemas", "open"]);
    if (this.shadowRoot === null) {
      sheet ??= sheetOf(STYLE);
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    }
    this.#arrange();
  }

  /** Called by the browser: it is in none any more. */
  disconnectedCallback(): void {
    this.#close();
  }

  /** Called by the browser: an attribute has changed. */
  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    this.#arrange();
    if (name === "open" && (before === null) !== (now === null)) this.dispatchEvent(new Event("toggle"));
  }

  /** Makes what is seen what the attributes say. */
  #arrange(): void {
    const root = this.shadowRoot;
    if (!this.isConnected || root === null) return;
    const isInline = this.hasAttribute("inline");
    const isShown = isInline || this.open;
    const key = JSON.stringify([isInline, isShown, this.getAttribute("database")]);
    if (key === this.#key && root.childElementCount > 0) return;
    this.#close();
    this.#key = key;
    if (isShown) this.#end = this.#show(root, isInline);
    else root.replaceChildren(this.#launcher());
  }

  #launcher(): HTMLElement {
    const launcher = h("button", { type: "button", class: "launcher", part: "launcher" }, "Queues");
    launcher.setAttribute("aria-label", "Open the OriginMQ inspector");
    launcher.addEventListener("click", () => {
      this.#isAsked = true;
      this.open = true;
    });
    return h("section", { "aria-label": "OriginMQ inspector, closed", lang: "en" }, launcher);
  }

  /** Returns what ends it. */
  #show(root: ShadowRoot, isInline: boolean): () => void {
    const database = this.getAttribute("database") ?? "originmq";
    const close = () => {
      this.open = false;
      this.shadowRoot?.querySelector<HTMLElement>(".launcher")?.focus();
    };
    let panel: Panel | undefined;
    const showPanel = (of: Connection | Bundle) => {
      panel = createPanel({
        of,
        showBundle: (bundle) => {
          this.bundle = bundle;
        },
        title: this.#given ? "OriginMQ" : database,
        schemaOf: (queue) => ownOf(this.schemas, queue),
        close: isInline ? undefined : close,
        queue: this.getAttribute("queue") ?? undefined,
      });
      onEscape(panel.element);
      root.replaceChildren(panel.element);
      if (this.#isAsked) panel.element.querySelector<HTMLElement>("[role=tab][aria-selected=true]")?.focus();
      this.#isAsked = false;
    };
    const onEscape = (element: HTMLElement) =>
      element.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && !isInline && !event.defaultPrevented) close();
      });
    const shown = this.#bundle ?? this.#given;
    if (shown) {
      showPanel(shown);
      return () => panel?.end();
    }
    const beginning = beginInspecting(database, showPanel, isInline ? undefined : close);
    onEscape(beginning.element);
    root.replaceChildren(beginning.element);
    return () => beginning.end(panel?.end());
  }

  /** What is shown is of something else now. */
  #rearrange(): void {
    this.#isAsked ||= Boolean(this.shadowRoot?.activeElement);
    this.#close();
    this.#arrange();
  }

  #close(): void {
    this.#end?.();
    this.#end = undefined;
    this.#key = "";
    this.shadowRoot?.replaceChildren();
  }
}

/** Defines `<originmq-inspector>`, once, where there are elements. */
export function defineInspector(): void {
  if (globalThis.customElements && !customElements.get("originmq-inspector"))
    customElements.define("originmq-inspector", InspectorElement);
}
