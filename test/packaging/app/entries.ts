// What the other entries offer, as an app would type it.
import { openQueue } from "originmq";
import { traceQueue } from "originmq/opentelemetry";

const traced = traceQueue(await openQueue<number>("numbers"));
await traced.send(1);
