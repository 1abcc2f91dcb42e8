// The Worker under test: whoever has the token may do everything.

import { type AuthorizeRequest, type ObjectNamespace, QueueObject, routeQueues } from "../../src/durable-object.js";

export class Queues extends QueueObject {
  protected override readonly limits = { perDatabase: { queues: 50 } };

  authorize({ token }: AuthorizeRequest) {
    return token === "letmein"
      ? ({ client: "till", queues: { "*": ["send", "consume", "peek", "manage"] } } as const)
      : null;
  }
}

export default {
  fetch: (request: Request, env: { readonly QUEUES: ObjectNamespace }) => routeQueues(request, env.QUEUES),
};
