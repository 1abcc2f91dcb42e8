// Says that it runs.

addEventListener("connect", (event) => {
  (event as MessageEvent).ports[0]?.postMessage(null);
});
