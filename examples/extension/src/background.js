// The extension's service worker: it sees to it that the offscreen document is there. The queue is not its affair: it is ended
// whenever it has been idle for 30 s, and a handler with it.

const PAGE = "offscreen.html";

let creating;
async function open() {
  if (await chrome.offscreen.hasDocument()) return;
  // Two calls at once would be an error.
  creating ??= chrome.offscreen
    .createDocument({ url: PAGE, reasons: ["WORKERS"], justification: "Works on a queue that a shared worker hosts" })
    .finally(() => {
      creating = undefined;
    });
  await creating;
}

// With the browser, with a new version, and with the popup, which may find it ended.
chrome.runtime.onStartup.addListener(open);
chrome.runtime.onInstalled.addListener(open);
chrome.runtime.onMessage.addListener((message, _sender, answer) => {
  if (message !== "open") return false;
  void open().then(() => answer(true));
  return true;
});
