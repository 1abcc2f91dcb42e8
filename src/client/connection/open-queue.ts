// A queue with all that it can do, over a client.

import { createQueue, sealedBy } from "../queue/create-queue.js";
import { createQueueEvents } from "../queue/events.js";
import type { Queue } from "../queue/queue.js";
import { listenWith, type QueueSealing, type Sealing } from "../queue/sealing.js";
import { createSender, type Sender } from "../queue/sender.js";
import { createIntake, type Intake } from "../sending/intake.js";
import { withFilesRead } from "../sending/reading.js";
import type { StandardSchema } from "../sending/schema.js";
import type { Client } from "./client.js";
import { configureQueue, type Given } from "./configure.js";
import { receiverOf } from "./receiver.js";

/** What a queue was begun with before it could do all. */
export interface Begun<Input> {
  readonly sender: Sender<Input>;
  readonly events: ReturnType<typeof createQueueEvents>;
  readonly schema: StandardSchema | undefined;
  readonly sealing?: QueueSealing | undefined;
  onClosed(options: { readonly force?: boolean }): Promise<void>;
}

export const completeQueue = <Input, Output>(client: Client, begun: Begun<Input>): Queue<Input, Output> =>
  createQueue<Input, Output>({ ...begun, client: receiverOf(client) });

/** Opens a queue over a client; `onClosed` is called when it was closed. */
export async function openWholeQueue<Input, Output = Input>(
  client: Client,
  name: string,
  given: Given & { readonly sealing?: Sealing | undefined },
  onClosed: Begun<Input>["onClosed"],
): Promise<Queue<Input, Output>> {
  const { sealing: all, ...configured } = given;
  const { schema } = given.options;
  const sealing = all?.queue(name);
  await configureQueue(client, name, { ...configured, ...(sealing && { sealed: sealing.key }) });
  const { one, batch } = createIntake(withFilesRead, schema);
  const intake: Intake = {
    one: (...sent) => sealedBy(sealing?.seal, one(...sent)),
    batch: (...sent) => sealedBy(sealing?.seal, batch(...sent)),
  };
  const sender = createSender<Input>({ name, sending: client.pipeline, intake });
  const listen = sealing ? listenWith(client, sealing.shredded) : client.listen;
  const events = createQueueEvents(name, { notices: client.notices, losses: client.losses, listen });
  return completeQueue(client, { sender, events, schema, sealing, onClosed });
}
