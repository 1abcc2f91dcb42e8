// The queues, and beside them, or in their place where there is no room, the one that was chosen.

import type { Inspection } from "../../index.js";
import { h } from "../elements/dom.js";
import { createQueueDetail, type QueueDetail } from "./queue-detail.js";
import { createQueueList, depthOf } from "./queue-list.js";
import { createHistories } from "./spark.js";
import type { Inspecting, View } from "./view.js";

export interface QueuesView extends View {
  show(name: string | undefined): void;
}

export function createQueuesView(inspecting: Inspecting): QueuesView {
  const histories = createHistories();
  const list = createQueueList((name) => show(name, true));
  const element = h("div", { class: "queues" }, list.element);
  let detail: { readonly name: string; readonly view: QueueDetail } | undefined;
  let latest: Inspection | undefined;

  const show = (name: string | undefined, isAsked = false) => {
    const former = detail;
    if (former?.name !== name) {
      former?.view.end?.();
      former?.view.element.remove();
      detail =
        name === undefined
          ? undefined
          : { name, view: createQueueDetail(name, inspecting, histories, () => show(undefined, true)) };
      if (detail) element.append(detail.view.element);
      if (latest) detail?.view.update(latest);
    }
    element.classList.toggle("chosen", detail !== undefined);
    list.select(name);
    if (!isAsked) return;
    if (detail) detail.view.heading.focus();
    else if (former) list.focus(former.name);
  };
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || detail === undefined || event.defaultPrevented) return;
    event.preventDefault();
    show(undefined, true);
  });

  return {
    element,
    show,
    update(inspection) {
      latest = inspection;
      histories.note(new Map(inspection.queues.map((queue) => [queue.name, depthOf(queue)])));
      list.update(inspection);
      detail?.view.update(inspection);
    },
    end: () => detail?.view.end?.(),
  };
}
