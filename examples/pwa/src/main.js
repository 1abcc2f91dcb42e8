// The page posts as if there were no queue: the service worker sends, stores and repeats. Here it only looks at what waits.
import "originmq"; // it brings the worker that hosts while a page is open
import { createOutbox } from "originmq/outbox";
import { createHttpOutboxStore } from "originmq/store";

const saves = createHttpOutboxStore(() => createOutbox({ name: "saves" }));
const element = (selector) => document.querySelector(selector);
const show = (list, texts) =>
  element(list).replaceChildren(
    ...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
  );

async function lookAtServer() {
  const answer = await fetch("/api/notes").catch(() => undefined);
  if (answer?.ok)
    show(
      "#stored",
      (await answer.json()).map(({ text }) => text),
    );
}

saves.subscribe(() =>
  show(
    "#waiting",
    saves.getSnapshot().waiting.map(({ url, lastFailure }) => `${url} ${lastFailure ?? ""}`),
  ),
);
saves.outbox().addEventListener("delivered", lookAtServer);
addEventListener("online", lookAtServer);

element("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  const body = JSON.stringify({ text: new FormData(form).get("text") });
  form.reset();
  const answer = await fetch("/api/notes", { method: "POST", headers: { "content-type": "application/json" }, body });
  element("[role=status]").textContent = answer.headers.has("originmq-message-id")
    ? "Saved on this device, and sent as soon as there is a network"
    : "Saved";
  await lookAtServer();
});

await navigator.serviceWorker.register("/sw.js");
await navigator.serviceWorker.ready;
await lookAtServer();
document.body.dataset.ready = "";
