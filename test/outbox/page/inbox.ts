// A page with the outbox element, as an application has it: a form to edit with, and words of its own.

import "./page.js";
import {
  defineOutboxElement,
  german,
  type OutboxElement,
  type OutboxItem,
  simplifiedChinese,
} from "../../../src/outbox-element.js";

interface NoteInfo {
  readonly text: string;
  readonly place: string;
}

defineOutboxElement({ languages: [german, simplifiedChinese] });

const infoOf = ({ metadata }: OutboxItem) => metadata as NoteInfo;

globalThis.inboxLab = {
  async show(options) {
    await outboxLab.open({ keepDelivered: 50, unreachableMaxMs: 2_000, ...options });
    const element = document.querySelector("originmq-outbox") as OutboxElement;
    element.describe = (message) => ({ title: infoOf(message).text, detail: infoOf(message).place });
    element.outbox = outboxLab.outbox;
  },
  async write(text, place = "pond") {
    const body = new FormData();
    body.set("text", text);
    body.set("place", place);
    // Each for itself: none waits for another.
    const options = { metadata: { text, place } satisfies NoteInfo, groupId: text, mode: "queue-first" } as const;
    await outboxLab.outbox.fetch("/api/notes", { method: "POST", body, ...options });
  },
};

declare global {
  var inboxLab: {
    show(options?: Parameters<typeof outboxLab.open>[0]): Promise<void>;
    write(text: string, place?: string): Promise<void>;
  };
}
