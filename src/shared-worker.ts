// The SharedWorker entry: hosts the databases that its clients ask for.

import { answerOpening } from "./link/finding/answering.js";
import { createHosting, hostNamed, proveLife } from "./wiring/hosting.js";

const hosting = createHosting("shared-worker");
const life = proveLife();
hostNamed(hosting, (globalThis as unknown as { readonly name: string }).name);

addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port) answerOpening(port, hosting, life);
});
