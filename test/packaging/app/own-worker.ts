// An app that starts the worker itself, with what its bundler makes of the package's worker.
import { openQueue } from "originmq";
import HostWorker from "originmq/shared-worker?sharedworker";

const greetings = await openQueue<string>("greetings", { worker: () => new HostWorker() });
greetings.consume(async ({ body }) => {
  document.title = body;
});
await greetings.send("arrived");
