// Clients that are connected and do nothing.

import { type Connection, connect } from "../../../src/index.js";
import { answer } from "./answer.js";

const AT_ONCE = 50;
let connections: Connection[] = [];

answer({
  async open({ url, count }: { url: string; count: number }) {
    for (let at = 0; at < count; at += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, count - at) }, () => connect({ url, token: () => "bench" }));
      connections.push(...(await Promise.all(some)));
    }
  },
  async close() {
    await Promise.all(connections.map((one) => one.close()));
    connections = [];
  },
});
