// The client as the consumers of an encrypted queue see it: it says which key it has, and begins to open what comes.

import type { QueueClient } from "../client/queue/queue-client.js";
import type { QueueSealing } from "../client/queue/sealing.js";
import { abortable } from "../client/runtime/abortable.js";
import type { HandOut, HostRequest } from "../link/rpc/wire.js";

type SealedBy = Pick<QueueSealing, "key" | "hiding" | "shredded" | "over">;

export function sealedClient(client: QueueClient, { key, hiding, shredded, over }: SealedBy): QueueClient {
  const { holdings } = client;
  const say = (request: HostRequest): HostRequest => (request.op === "receive" ? { ...request, sealed: key } : request);
  const own: Pick<QueueClient, "over" | "holdings" | "ask" | "registerConsumer"> = {
    over,
    holdings: {
      ...holdings,
      take<Body>(handOut: HandOut) {
        const taken = holdings.take<Body>(handOut);
        hiding.begin(taken);
        return taken;
      },
    },
    ask: (request, signal) => {
      const asked = typeof request === "function" ? () => say(request()) : say(request);
      return abortable(client.ask(asked, signal), shredded);
    },
    registerConsumer: (queue, limits, ...rest) => client.registerConsumer(queue, { ...limits, sealed: key }, ...rest),
  };
  return Object.create(client, Object.getOwnPropertyDescriptors(own));
}
