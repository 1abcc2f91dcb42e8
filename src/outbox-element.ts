// The inbox of an HTTP outbox, for the people who use the application: what waits, what was sent, what failed and why.

import { createOutboxElementClass, type OutboxElement } from "./integrations/outbox-element/element.js";
import type { OutboxTexts } from "./integrations/outbox-element/texts/texts.js";

export type { Forms, Text } from "./integrations/elements/speech.js";
export type { EditedRequest } from "./integrations/outbox-element/acting.js";
export type {
  OutboxElement,
  OutboxElementEvent,
  OutboxElementEventMap,
} from "./integrations/outbox-element/element.js";
export { english } from "./integrations/outbox-element/texts/english.js";
export { german } from "./integrations/outbox-element/texts/german.js";
export { simplifiedChinese } from "./integrations/outbox-element/texts/simplified-chinese.js";
export type { OutboxTexts } from "./integrations/outbox-element/texts/texts.js";
export type { OutboxDescription, OutboxItem } from "./integrations/outbox-element/words.js";

/** What an element is defined with. */
export interface OutboxElementOptions {
  /** Name of the element. Default "originmq-outbox". */
  readonly tag?: string;
  /** Languages beside English, of which the page's is taken: `german`, `simplifiedChinese`, or texts of your own. */
  readonly languages?: readonly OutboxTexts[];
}

/** Defines the element, once for a name. Does nothing where there is no page, as on a server. */
export function defineOutboxElement({ tag = "originmq-outbox", languages = [] }: OutboxElementOptions = {}): void {
  if (typeof customElements === "undefined" || customElements.get(tag)) return;
  customElements.define(tag, createOutboxElementClass(languages));
}

declare global {
  interface HTMLElementTagNameMap {
    "originmq-outbox": OutboxElement;
  }
}
