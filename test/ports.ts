// Ports that nobody listens on yet, and when somebody does.

import { once } from "node:events";
import { createConnection, createServer } from "node:net";

/** One of this machine, as `host` names it. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  const server = createServer();
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

/** Resolves once somebody listens there. */
export async function answers(port: number): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const socket = createConnection(port, "127.0.0.1");
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing listens at port ${port}`);
}
