// <originmq-inspector>: what is in the queues of a database, who holds it, and what can be done about it. Importing this
// defines the element.

import { defineInspector, InspectorElement } from "./integrations/inspector/element.js";

defineInspector();

export type { Bundle } from "./integrations/inspector/bundle.js";
export { InspectorElement };

declare global {
  interface HTMLElementTagNameMap {
    "originmq-inspector": InspectorElement;
  }
}
