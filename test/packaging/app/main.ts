// An app as its author would write it, without anything that knows of this repository.
import { openQueue } from "originmq";

interface Greeting {
  text: string;
}

// With an address, on a server.
const url = new URLSearchParams(location.search).get("url");
const greetings = await openQueue<Greeting>("greetings", url ? { url } : {});
greetings.consume(async ({ body }) => {
  document.title = body.text;
});
await greetings.send({ text: "arrived" });
