// What the other entries offer, as an app would type it.
import { openQueue } from "originmq";
import { exportQueue, importQueue } from "originmq/backup";
import { traceQueue } from "originmq/opentelemetry";

const traced = traceQueue(await openQueue<number>("numbers"));
await traced.send(1);
await importQueue(await openQueue<number>("copy"), exportQueue(traced));
