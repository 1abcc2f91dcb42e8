// Sends, and shows how far the offscreen document is. It is closed with a click elsewhere: what it has sent is durable.
import { pages } from "./pages.js";

const form = document.querySelector("form");
const sender = pages.sender();

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const url = form.elements.namedItem("url").value;
  form.reset();
  await sender.send({ url });
});

async function show() {
  const { ready, delayed, leased, dead } = pages.stats.getSnapshot();
  document.querySelector("[role=status]").textContent = `${ready + delayed + leased} to be kept, ${dead} given up`;
  const kept = await (await caches.open("kept")).keys();
  document
    .querySelector("ul")
    .replaceChildren(...kept.map(({ url }) => Object.assign(document.createElement("li"), { textContent: url })));
}
pages.stats.subscribe(show);
await chrome.runtime.sendMessage("open");

const [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
if (tab?.url?.startsWith("http")) form.elements.namedItem("url").value = tab.url;
