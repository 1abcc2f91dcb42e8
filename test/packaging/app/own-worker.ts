// An app that starts the worker itself, with what its bundler makes of the package's worker.
import { openQueue } from "originmq";
import HostWorker from "originmq/shared-worker?sharedworker";

const url = new URLSearchParams(location.search).get("url");
const greetings = await openQueue<string>("greetings", url ? { url } : { worker: () => new HostWorker() });
greetings.consume(async ({ body }) => {
  document.title = body;
});
await greetings.send("arrived");
