// The Durable Object that the benchmark measures: whoever has the token may do everything.

import { type AuthorizeRequest, type ObjectNamespace, QueueObject, routeQueues } from "../../../src/durable-object.js";

const EVERYTHING = { client: "bench", queues: { "*": ["send", "consume", "peek", "manage"] } } as const;

export class Queues extends QueueObject {
  authorize({ token }: AuthorizeRequest) {
    return token === "bench" ? EVERYTHING : null;
  }
}

export default {
  fetch: (request: Request, env: { readonly QUEUES: ObjectNamespace }) => routeQueues(request, env.QUEUES),
};
