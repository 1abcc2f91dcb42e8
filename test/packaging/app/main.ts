// An app as its author would write it, without anything that knows of this repository.
import { openQueue } from "originmq";

interface Greeting {
  text: string;
}

const greetings = await openQueue<Greeting>("greetings");
greetings.consume(async ({ body }) => {
  document.title = body.text;
});
await greetings.send({ text: "arrived" });
