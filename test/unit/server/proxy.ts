// A line between clients and a server that is cut, stalled, and broken without a word.

import { connect, createServer, type Socket } from "node:net";

export interface CutLine {
  readonly url: string;
  /** Connections that were made until now. */
  readonly count: number;
  /** Those that there are now. */
  readonly open: number;
  /** Ends all connections there are. */
  cut(): void;
  /** Nothing gets through any more, and nobody is told. */
  stall(): void;
  /** What is connected from now on gets through. */
  mend(): void;
  /** Nobody comes in until the next `mend`. */
  close(): Promise<void>;
}

export async function startLine(serverUrl: string): Promise<CutLine> {
  const { port, hostname } = new URL(serverUrl);
  const pairs = new Set<readonly [Socket, Socket]>();
  let isStalled = false;
  let count = 0;
  const server = createServer((client) => {
    count++;
    const upstream = connect(Number(port), hostname);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.on("data", (chunk) => {
        if (!isStalled) to.write(chunk);
      });
      from.on("error", end);
      from.on("close", () => {
        if (!isStalled) end();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as { readonly port: number };
  const cut = () => {
    for (const pair of [...pairs]) {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    }
  };
  return {
    url: `ws://127.0.0.1:${address.port}`,
    get count() {
      return count;
    },
    get open() {
      return pairs.size;
    },
    cut,
    stall() {
      isStalled = true;
    },
    mend() {
      isStalled = false;
    },
    close() {
      cut();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
