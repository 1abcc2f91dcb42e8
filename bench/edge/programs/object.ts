// The Durable Object that the benchmark measures: whoever has the token may do everything. `GET /lives` says how often one was
// made, without asking one.

import {
  type AuthorizeRequest,
  type ObjectContext,
  type ObjectNamespace,
  QueueObject,
  routeQueues,
} from "../../../src/durable-object.js";

interface Env {
  readonly QUEUES: ObjectNamespace;
  readonly IDLE_MS?: string;
}

const EVERYTHING = { client: "bench", queues: { "*": ["send", "consume", "peek", "manage"] } } as const;

/** Of this isolate, which outlives its objects. */
let lives = 0;

export class Queues extends QueueObject<Env> {
  protected override readonly idleMs: number;

  constructor(ctx: ObjectContext, env: Env) {
    super(ctx, env);
    this.idleMs = Number(env.IDLE_MS ?? 5_000);
    lives++;
  }

  authorize({ token }: AuthorizeRequest) {
    return token === "bench" ? EVERYTHING : null;
  }
}

export default {
  fetch: (request: Request, env: Env) =>
    new URL(request.url).pathname === "/lives" ? Response.json(lives) : routeQueues(request, env.QUEUES),
};
