// One queue: what it is called, what can be done with it, and its views.

import type { Inspection } from "../../index.js";
import { h } from "../elements/dom.js";
import { createMessagesView } from "./messages-view.js";
import { createBadge } from "./parts.js";
import { createQueueActs } from "./queue-acts.js";
import { createQueueOverview } from "./queue-overview.js";
import { createSchedulesView } from "./schedules-view.js";
import type { Histories } from "./spark.js";
import { createTabs } from "./tabs.js";
import type { Inspecting, View } from "./view.js";

export type QueueTab = "now" | "messages" | "schedules";

export interface QueueDetail extends View {
  readonly heading: HTMLElement;
  show(tab: QueueTab): void;
}

export function createQueueDetail(
  name: string,
  inspecting: Inspecting,
  histories: Histories,
  close: () => void,
): QueueDetail {
  const heading = h("h3", { tabindex: "-1" }, name);
  const badge = createBadge();
  const back = h("button", { type: "button", class: "button quiet back" }, "All queues");
  back.addEventListener("click", close);
  const tabs = createTabs<QueueTab>(`Views of ${name}`, [
    { id: "now", label: "Now", create: () => createQueueOverview(name, histories) },
    { id: "messages", label: "Messages", create: () => createMessagesView(name, inspecting) },
    {
      id: "schedules",
      label: "Schedules",
      count: ({ queues }) => queues.find((queue) => queue.name === name)?.schedules || undefined,
      create: () => createSchedulesView(inspecting, name),
    },
  ]);
  const acts = inspecting.live && createQueueActs(name, inspecting.live, inspecting);
  return {
    element: h(
      "section",
      { class: "detail", "aria-label": `Queue ${name}` },
      h("header", {}, back, heading, badge.element, ...(acts ? [h("div", { class: "acts" }, ...acts.elements)] : [])),
      tabs.list,
      tabs.element,
    ),
    heading,
    show: tabs.show,
    update(inspection: Inspection) {
      const queue = inspection.queues.find((one) => one.name === name);
      const paused = queue?.pausedBy === "caller" ? "paused" : queue?.pausedBy ? "full of dead letters" : "";
      const missing = inspecting.live ? "deleted" : "not in this bundle";
      badge.set(queue === undefined ? missing : paused, "warn");
      acts?.update(queue);
      tabs.update(inspection);
    },
    end: () => tabs.end?.(),
  };
}
