// A Worker that sends from its own code: to an object that it has bound, and to a server elsewhere.

import {
  type AuthorizeRequest,
  connectQueues,
  type ObjectNamespace,
  QueueObject,
  routeQueues,
} from "../../src/durable-object.js";
import "../../src/encryption.js";
import { openQueue } from "../../src/index.js";

interface Env {
  readonly QUEUES: ObjectNamespace;
}

export class Queues extends QueueObject<Env> {
  authorize({ token }: AuthorizeRequest) {
    if (token === "encrypts") return { client: "encrypts", queues: { orders: ["send", "consume", "manage"] } } as const;
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
  const bytes = Uint8Array.from({ length: 32 }, () => Number(asked("key")));
  const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  const encryption = searchParams.has("key") ? { encryption: { key } } : {};
  const connection = await connectQueues(QUEUES, asked("database"), { token: () => asked("token"), ...encryption });
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
