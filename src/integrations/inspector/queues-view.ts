// The queues, and beside them, or in their place where there is no room, the one that was chosen.

import type { Inspection } from "../../index.js";
import { h } from "../elements/dom.js";
import { createQueueDetail, type QueueDetail, type QueueTab } from "./queue-detail.js";
import { createQueueList, depthOf } from "./queue-list.js";
import { createHistories } from "./spark.js";
import type { Inspecting, View } from "./view.js";

export interface QueuesView extends View {
  /** `tab`: the view of it that is seen first. */
  show(name: string | undefined, tab?: QueueTab): void;
}

export function createQueuesView(inspecting: Inspecting): QueuesView {
  const histories = createHistories();
  const list = createQueueList(
    (name) => choose(name),
    (text) => inspecting.lookFor("filter", text),
  );
  const element = h("div", { class: "queues" }, list.element);
  let detail: { readonly name: string; readonly view: QueueDetail } | undefined;
  let latest: Inspection | undefined;

  const show = (name: string | undefined, tab?: QueueTab, isAsked = false) => {
    const former = detail;
    if (former?.name !== name) {
      former?.view.end?.();
      former?.view.element.remove();
      detail =
        name === undefined
          ? undefined
          : { name, view: createQueueDetail(name, inspecting, histories, () => choose(undefined)) };
      if (detail) element.append(detail.view.element);
      inspecting.lookFor("chosen", name ?? "");
      // One that has not been read yet is not told of as if it were not there.
      if (latest && (latest.queues.length === latest.queueCount || latest.queues.some((one) => one.name === name)))
        detail?.view.update(latest);
    }
    if (tab) detail?.view.show(tab);
    element.classList.toggle("chosen", detail !== undefined);
    list.select(name);
    if (!isAsked) return;
    if (detail) detail.view.heading.focus();
    else if (former) list.focus(former.name);
  };
  const choose = (name: string | undefined) => show(name, undefined, true);
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || detail === undefined || event.defaultPrevented) return;
    event.preventDefault();
    choose(undefined);
  });

  return {
    element,
    show,
    update(inspection) {
      // A bundle is read again and again, and is of one moment.
      if (inspection.at !== latest?.at)
        histories.note(new Map(inspection.queues.map((queue) => [queue.name, depthOf(queue)])));
      latest = inspection;
      list.update(inspection);
      detail?.view.update(inspection);
    },
    end: () => detail?.view.end?.(),
  };
}
