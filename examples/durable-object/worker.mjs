// A café whose queues lie in a Durable Object. Its Worker takes orders and puts them on the queue "orders"; a kitchen, which is a
// process or a page anywhere, prepares them and puts each on "ready"; the Worker tells whoever asks what is ready.
//
//   POST /orders  {"drink": "tea"}  ──▶ orders ──▶ the kitchen ──▶ ready ──▶ GET /ready

import { connectQueues, QueueObject, routeQueues } from "originmq/durable-object";
import { createTokens } from "./tokens.mjs";

const DATABASE = "cafe";

/** What each may do, and nothing else. The Worker's own code is a client like any other. */
const RIGHTS = {
  counter: { orders: ["send"], ready: ["consume"] },
  kitchen: { orders: ["consume"], ready: ["send"] },
};

/** One object for each database: named in the address, /mq/cafe. */
export class Queues extends QueueObject {
  async authorize({ token, database }) {
    const known = await createTokens(this.env.TOKEN_SECRET).read(token);
    if (!known || database !== DATABASE) return null;
    return { client: known.name, queues: RIGHTS[known.role], expiresAt: known.until };
  }
}

/** A connection for one request: sockets of a Worker end with the request that opened them. */
async function withQueues(env, use) {
  const token = () => createTokens(env.TOKEN_SECRET).issue({ name: "counter", role: "counter" });
  const connection = await connectQueues(env.QUEUES, DATABASE, { token });
  try {
    return await use(connection);
  } finally {
    // Waits for what was sent.
    await connection.close();
  }
}

/** Its promise resolves when the order is on the object's disk. */
const takeOrder = (order) => async (connection) => {
  const orders = await connection.openQueue("orders");
  const { id } = await orders.send(order);
  return { id };
};

async function collectReady(connection) {
  const ready = await connection.openQueue("ready");
  const deliveries = await ready.receive({ max: 100 });
  await Promise.all(deliveries.map((delivery) => delivery.ack()));
  return deliveries.map(({ body }) => body);
}

/** Who knows the kitchen's key gets a token. An application with users asks who is logged in. */
async function letKitchenIn(request, env) {
  if (request.headers.get("authorization") !== `Bearer ${env.KITCHEN_KEY}`) return new Response(null, { status: 403 });
  return new Response(await createTokens(env.TOKEN_SECRET).issue({ name: "kitchen", role: "kitchen" }));
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    switch (`${request.method} ${pathname}`) {
      case "POST /orders":
        return Response.json(await withQueues(env, takeOrder(await request.json())), { status: 202 });
      case "GET /ready":
        return Response.json(await withQueues(env, collectReady));
      case "POST /kitchen-token":
        return letKitchenIn(request, env);
      default:
        // Sockets at /mq/cafe; anything else is answered with 404.
        return routeQueues(request, env.QUEUES);
    }
  },
};
