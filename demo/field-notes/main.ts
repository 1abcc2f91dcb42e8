// Field notes: a form that works with and without a network. What is written arrives; until then the page shows where
// it is, and why.

import "@fontsource-variable/figtree/wght.css";
import "../style/tokens.css";
import "../style/page.css";
import "../style/controls.css";
import "../style/parts.css";
import "../style/notes.css";
import "../../src/index.js";
import { createOutbox, type DeadOutboxMessage, type WaitingOutboxMessage } from "../../src/outbox.js";
import { byId, createRows, h, setText } from "../dom.js";
import { duration, plural } from "../format.js";
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
wireLists();
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
    const file = data.get("photo") as File | null;
    const metadata: NoteInfo = {
      text: String(data.get("text")),
      place: String(data.get("place")),
      photo: file?.size ? file.name : null,
    };
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

function stateOf({ state, dueAt, lastFailure }: WaitingOutboxMessage): string {
  const why = lastFailure ? `Last answer: ${lastFailure}. ` : "";
  if (state === "leased") return "being sent";
  if (state === "blocked") return "waits for the one before it";
  if (dueAt !== null) return `${why}Again in ${duration(Math.max(0, dueAt - Date.now()))}.`;
  return navigator.onLine ? `${why}Next to be sent.` : `${why}Waits for the network.`;
}

function wireLists(): void {
  const waiting = createRows<WaitingOutboxMessage>(
    byId("waiting"),
    ({ id }) => id,
    (message) => {
      const { photo, ...note } = infoOf(message);
      const state = h("span", { class: "what" });
      const element = h("li", {}, h("b", {}, titleOf(note)), photo ? h("span", { class: "tag" }, photo) : "", state);
      return { element, update: (now) => setText(state, stateOf(now)) };
    },
  );
  const dead = createRows<DeadOutboxMessage>(
    byId("dead"),
    ({ id }) => id,
    (message) => {
      const again = h("button", { type: "button", class: "small" }, "Send again");
      const drop = h("button", { type: "button", class: "small danger" }, "Forget it");
      const act = (what: string, run: (chosen: { ids: string[] }) => Promise<unknown>) => () =>
        problems.guard(what, async () => {
          await run({ ids: [message.id] });
          await refresh();
        });
      again.addEventListener("click", act("It could not be sent again", outbox.dead.redrive));
      drop.addEventListener("click", act("It could not be forgotten", outbox.dead.purge));
      const why = h(
        "span",
        { class: "what" },
        message.status ? `${message.status}: ${message.answer}` : message.reason,
      );
      const element = h(
        "li",
        {},
        h("b", {}, titleOf(infoOf(message))),
        why,
        h("div", { class: "buttons" }, again, drop),
      );
      return { element, update: () => {} };
    },
  );
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
  const refresh = async () => {
    const [now, given] = await Promise.all([outbox.waiting({ max: 50 }), outbox.dead.list({ max: 50 })]);
    waiting.show(now);
    dead.show(given);
    byId("waiting-empty").hidden = now.length > 0;
    byId("dead-empty").hidden = given.length > 0;
    setText(byId("waiting-badge"), now.length === 0 ? "nothing waits" : `${plural(now.length, "note")} waiting`);
    byId("waiting-badge").classList.toggle("on", now.length > 0);
  };
  const soon = () => problems.guard("The outbox could not be read", refresh);
  for (const type of ["queued", "delivered", "dead"] as const) outbox.addEventListener(type, soon);
  outbox.addEventListener("delivered", () => void showArrived());
  const look = () => {
    soon();
    void showArrived();
  };
  look();
  setInterval(look, EVERY_MS);
}
