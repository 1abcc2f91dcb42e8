// Every entry whose types ask for nothing of the platform, used by an application that may have no types of it.

import "originmq/backup";
import "originmq/bridge";
import "originmq/encryption";
import "originmq/opentelemetry";
import "originmq/outbox";
import "originmq/react";
import "originmq/send";
import "originmq/service-worker";
import "originmq/shared-worker";
import "originmq/store";
import "originmq/workbox";
import { connect, openQueue, QueueError } from "originmq";

const numbers = await openQueue<number>("numbers");
numbers.consume(({ body }) => void body.toFixed());
const connection = await connect();
await connection.transaction((transaction) => transaction.send(numbers, 1));

export { QueueError };
