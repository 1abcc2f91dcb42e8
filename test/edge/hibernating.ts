// Objects that rest as soon as they may, and a Worker that knows how often each was made, without asking it.

import {
  type AuthorizeRequest,
  type ObjectContext,
  type ObjectNamespace,
  QueueObject,
  routeQueues,
} from "../../src/durable-object.js";

interface Identified {
  readonly id: { toString(): string };
}

/** By object. Of this isolate, which outlives its objects. */
const lives = new Map<string, number>();
export class Queues extends QueueObject {
  protected override readonly idleMs = 500;
  protected override reconnectMs = 3_000;

  constructor(ctx: ObjectContext & Identified, env: unknown) {
    super(ctx, env);
    const id = ctx.id.toString();
    lives.set(id, (lives.get(id) ?? 0) + 1);
  }

  /**
   * A token is the milliseconds for which it counts, a number of queues that make the grant a large one, of requests that are
   * taken at once, and one a second after, or the milliseconds for which clients of this object are waited for.
   */
  authorize({ token = "" }: AuthorizeRequest) {
    const [what, number] = token.split(":");
    if (what === "reconnect") this.reconnectMs = Number(number);
    const verbs = ["send", "consume", "peek", "manage"] as const;
    const others = Array.from({ length: what === "queues" ? Number(number) : 0 }, (_, i) => [`other-${i}`, verbs]);
    return {
      client: "till",
      queues: { "*": verbs, ...Object.fromEntries(others) },
      ...(what === "burst" && { limits: { requestsPerSecond: 1, requestBurst: Number(number) } }),
      ...(what === "ms" && { expiresAt: Date.now() + Number(number) }),
    };
  }
}

export default {
  fetch(request: Request, env: { readonly QUEUES: ObjectNamespace<{ toString(): string }> }) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/lives") return routeQueues(request, env.QUEUES);
    const id = env.QUEUES.idFromName(searchParams.get("database") ?? "");
    return Response.json(lives.get(id.toString()) ?? 0);
  },
};
