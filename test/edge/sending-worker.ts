// A Worker that sends from its own code: to an object that it has bound, and to a server elsewhere.

import {
  type AuthorizeRequest,
  connectQueues,
  type ObjectNamespace,
  QueueObject,
  routeQueues,
} from "../../src/durable-object.js";
import { openQueue } from "../../src/index.js";

interface Env {
  readonly QUEUES: ObjectNamespace;
}

export class Queues extends QueueObject<Env> {
  authorize({ token }: AuthorizeRequest) {
    return token === "letmein" ? ({ client: "worker", queues: { orders: ["send", "consume"] } } as const) : null;
  }
}

/** The id of what it has sent, or the code of the error. */
async function answer({ pathname, searchParams }: URL, { QUEUES }: Env): Promise<unknown> {
  const asked = (name: string) => searchParams.get(name) ?? "";
  if (pathname === "/server") {
    const queue = await openQueue("orders", { url: asked("url") });
    const { id } = await queue.send({ n: asked("n") });
    await queue.close();
    return id;
  }
  const connection = await connectQueues(QUEUES, asked("database"), { token: () => asked("token") });
  const queue = await connection.openQueue("orders");
  const { id } = await queue.send({ n: asked("n") });
  await connection.close();
  return id;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname.startsWith("/mq/")) return routeQueues(request, env.QUEUES);
    return Response.json(await answer(url, env).catch((error) => error.code ?? String(error)));
  },
};
