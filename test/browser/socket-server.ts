// Servers for the pages of the browser tests, in the process that runs them. Started once an engine; pages get the
// addresses through `inject`.

import type { TestProject } from "vitest/node";
import { serve } from "../../src/server.js";

/** Where Vitest serves its pages: the first port that is free, from this one on. */
const FIRST_PORT = 63_315;
const PORTS = 40;

export interface Sockets {
  /** Lets in who comes without a token, and who has the token "till". */
  readonly open: string;
  /** Takes no page from where the tests are. */
  readonly foreign: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    readonly sockets: Sockets;
  }
}

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const pages = Array.from({ length: PORTS }, (_, i) => `http://localhost:${FIRST_PORT + i}`);
  const open = await serve({
    ...{ memory: true, port: 0, allowOrigins: pages },
    authorize({ token }) {
      if (token === undefined) return { client: "anybody", queues: { "*": ["send", "consume", "peek", "manage"] } };
      return token === "till" ? { client: "till", queues: { orders: ["send"] } } : null;
    },
  });
  const foreign = await serve({ memory: true, port: 0 });
  provide("sockets", { open: open.url, foreign: foreign.url });
  return async () => {
    await Promise.all([open.close(), foreign.close()]);
  };
}
