// An outbox on the screen: reads it, shows it, does what is asked for and says how it went, until it is ended.

import { h, setText } from "../elements/dom.js";
import { createLiveRegion } from "../elements/live-region.js";
import type { Outbox } from "../outbox/outbox.js";
import { createActing, type EditedRequest } from "./acting.js";
import { createEditor, type Editable } from "./editor.js";
import { createNews, readOutbox } from "./following.js";
import type { Act } from "./rows.js";
import { createView } from "./view.js";
import type { OutboxDescription, OutboxItem, OutboxSpeech } from "./words.js";

/** What the element, and the application through it, decides. */
export interface ShowingHost {
  readonly speech: OutboxSpeech;
  readonly pageSize: number;
  readonly headingLevel: string;
  describe(message: OutboxItem): OutboxDescription;
  requestOf(message: Editable, form: HTMLFormElement): EditedRequest | Promise<EditedRequest>;
  /** Editing is offered also without a form. */
  isEditable(): boolean;
  offlineSince(): number | undefined;
  /** Whether it may be done. */
  ask(act: Act, message: Editable): boolean;
}

export interface Shown {
  readonly element: HTMLElement;
  /** What it is decided by has changed, or it is in the page now. */
  refresh(): void;
  networkChanged(): void;
  end(): void;
}

/** Somebody who listens hears of changes at most this often. */
const TELL_MS = 5_000;
/** Words like "in 12 seconds" grow old. */
const TICK_MS = 1_000;

export function showOutbox(outbox: Outbox, host: ShowingHost): Shown {
  const { speech, pageSize, describe, ask } = host;
  const isOffline = () => !navigator.onLine;
  const titleOf = (message: OutboxItem) => describe(message).title;
  let shown = pageSize;

  const notice = h("p", { part: "notice", dir: "auto", hidden: "" });
  const heard = h("p", { class: "unseen", role: "status" });
  /** The same once more is another text: else nobody would hear it. */
  const hear = (text: string) => {
    heard.textContent = heard.textContent === text ? `${text}\u00a0` : text;
  };
  const say = (text: string) => {
    setText(notice, text);
    hear(text);
    notice.hidden = text === "";
  };

  const acting = createActing(outbox, speech);
  const editor = createEditor({
    speech,
    focusLost: () => view.takeFocus(),
    async save(message, form) {
      const make = () => host.requestOf(message, form);
      const { isReplaced, said } = await acting.edit(message, titleOf(message), make, reading.snapshot);
      if (!isReplaced) return said;
      say(said);
      return undefined;
    },
  });
  const act = (type: Act, message: Editable) => {
    if (!ask(type, message)) return;
    const title = titleOf(message);
    if (type !== "edit") void acting[type](message, title).then(say);
    else if (editor.form()) editor.open(message, title);
  };
  const view = createView({
    ...{ speech, describe, isOffline, act, pageSize, headingLevel: host.headingLevel, offlineSince: host.offlineSince },
    now: Date.now,
    canEdit: () => host.isEditable() || editor.form() !== undefined,
    retryAll: () => void acting.retryAll().then(say),
    shown: () => shown,
    showMore() {
      shown += pageSize;
      reading.read();
    },
  });

  const news = createNews(speech);
  const region = createLiveRegion(hear, news.compose, TELL_MS);
  const refresh = () => view.show(reading.snapshot());
  const reading = readOutbox(
    outbox,
    () => shown,
    (snapshot) => {
      if (news.note(snapshot)) region.changed();
      refresh();
    },
  );
  const ticking = setInterval(() => {
    if (!document.hidden && reading.snapshot().waiting.some(({ dueAt }) => dueAt !== null)) refresh();
  }, TICK_MS);
  editor.element.addEventListener("slotchange", refresh);
  reading.read();

  const parts = [notice, ...view.elements, heard, editor.element];
  const attributes = { part: "base", role: "region", "aria-label": speech.say("title"), lang: speech.language };
  return {
    element: h("div", attributes, ...parts),
    refresh,
    networkChanged() {
      news.network(isOffline());
      region.changed();
      refresh();
    },
    end() {
      reading.end();
      region.end();
      clearInterval(ticking);
    },
  };
}
