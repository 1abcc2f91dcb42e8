// Field notes: a form that works with and without a network. What is written arrives; until then the page shows where
// it is, and why.

import "@fontsource-variable/figtree/wght.css";
import "../style/tokens.css";
import "../style/page.css";
import "../style/controls.css";
import "../style/parts.css";
import "../style/notes.css";
import "../../src/index.js";
import "../../src/inspector.js";
import { createOutbox } from "../../src/outbox.js";
import {
  defineOutboxElement,
  german,
  type OutboxElement,
  type OutboxItem,
  simplifiedChinese,
} from "../../src/outbox-element.js";
import { byId, createRows, h, setText } from "../dom.js";
import { plural } from "../format.js";
import { createProblems } from "../problems.js";
import { wireTheme } from "../theme.js";
import { type NoteInfo, OUTBOX } from "./outbox.js";
import { samplePhoto } from "./sample-photo.js";
import { type Arrived, readArrived, readConduct, setConduct } from "./server.js";

const EVERY_MS = 2_000;
const problems = createProblems(byId("problems"));
const outbox = createOutbox(OUTBOX);
wireTheme(() => {});
wireForm();
wireConduct();
wireOutbox();
wireArrived();
showNetwork();
addEventListener("online", showNetwork);
addEventListener("offline", showNetwork);
problems.guard("The service worker could not be started", async () => {
  // Its scope covers the assets: the SharedWorker's script must come from its cache, too, where there is no network.
  await navigator.serviceWorker?.register("field-notes-worker.js");
});

function showNetwork(): void {
  setText(byId("network"), navigator.onLine ? "online" : "offline");
}

function noteOf(data: FormData): NoteInfo {
  const file = data.get("photo") as File | null;
  return {
    text: String(data.get("text")),
    place: String(data.get("place")),
    photo: file?.size ? file.name : null,
  };
}

function wireForm(): void {
  const form = byId<HTMLFormElement>("note");
  const photo = byId<HTMLInputElement>("photo");
  const outcome = byId("outcome");
  byId("sample-photo").addEventListener("click", () =>
    problems.guard("The sample photo could not be made", async () => {
      const files = new DataTransfer();
      files.items.add(await samplePhoto());
      photo.files = files.files;
    }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const data = new FormData(form);
    const metadata = noteOf(data);
    // At once: the next note can be written while this one is on its way.
    form.reset();
    setText(outcome, "On its way…");
    problems.guard("The note could not be stored", async () => {
      const request = new Request("api/notes", { method: "POST", body: data });
      const { status } = await outbox.fetch(request, { metadata });
      if (status === 202) setText(outcome, "Stored here. It will be sent as soon as the server takes it.");
      else if (status < 300) setText(outcome, "Arrived.");
      else {
        setText(outcome, `The server refuses it: ${status}. It was not kept.`);
        const text = byId<HTMLTextAreaElement>("text");
        if (text.value === "") text.value = metadata.text;
      }
    });
  });
}

function wireConduct(): void {
  const choice = byId<HTMLSelectElement>("conduct");
  const seconds = byId<HTMLInputElement>("retry-after");
  const change = () =>
    problems.guard("The server could not be told", async () => {
      await setConduct({ misbehaviour: choice.value, retryAfterS: Number(seconds.value) });
    });
  choice.addEventListener("change", change);
  seconds.addEventListener("change", change);
  readConduct().then(
    ({ misbehaviour, retryAfterS }) => {
      choice.value = misbehaviour;
      seconds.value = String(retryAfterS);
    },
    () => {
      // Offline: what is chosen then is told when it is chosen.
    },
  );
}

const infoOf = ({ metadata }: { readonly metadata: unknown }): NoteInfo =>
  (metadata as NoteInfo | undefined) ?? { text: "?", place: "", photo: null };

const titleOf = ({ text, place }: { readonly text: string; readonly place: string }): string =>
  place ? `${text} (${place})` : text;

function describe(message: OutboxItem) {
  const { photo, ...note } = infoOf(message);
  return { title: titleOf(note), ...(photo && { detail: photo }) };
}

/** What waits, what was refused and what was sent: with a form to mend it. */
function wireOutbox(): void {
  defineOutboxElement({ languages: [german, simplifiedChinese] });
  const element = byId<OutboxElement>("outbox");
  element.describe = describe;
  element.requestOf = ({ url, method }, form) => {
    const body = new FormData(form);
    return { request: new Request(url, { method, body }), metadata: noteOf(body) };
  };
  element.outbox = outbox;
}

function wireArrived(): void {
  const arrived = createRows<Arrived["notes"][number]>(
    byId("arrived"),
    ({ key, number }) => `${number} ${key}`,
    (note) => {
      const time = h("span", { class: "what" }, new Date(note.at).toLocaleTimeString());
      const picture = note.hasPhoto
        ? h("img", { src: `api/notes/${note.number}/photo`, alt: `Photo with “${note.text}”`, loading: "lazy" })
        : "";
      return { element: h("li", {}, picture, h("b", {}, titleOf(note)), time), update: () => {} };
    },
  );

  const showArrived = async () => {
    const found = await readArrived().catch(() => undefined);
    setText(byId("server"), found ? "reachable" : "not reachable");
    if (found === undefined) return;
    arrived.show([...found.notes].reverse());
    byId("arrived-empty").hidden = found.notes.length > 0;
    setText(
      byId("arrived-count"),
      `${plural(found.notes.length, "note")} kept, ${plural(found.arrivals, "request")} received, ${plural(found.repeats, "repeat")} recognised`,
    );
  };
  outbox.addEventListener("delivered", () => void showArrived());
  void showArrived();
  setInterval(() => void showArrived(), EVERY_MS);
}
