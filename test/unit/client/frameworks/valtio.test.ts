import { proxy, snapshot } from "valtio/vanilla";
import { proxyMap, proxySet } from "valtio/vanilla/utils";
import { describe } from "vitest";
import { arrives, isRefused, odd, rowsOf, SIZES, withHosts } from "./arrives.js";

describe("Valtio's proxies", () => {
  withHosts();
  for (const size of SIZES) {
    arrives(`arrive as plain data, ${size} rows`, (send) => send(proxy({ rows: rowsOf(size) })), {
      rows: rowsOf(size),
    });
  }
  arrives("arrive with what JSON does not have", (send) => send(proxy(odd())), odd());
  arrives("arrive from a snapshot", (send) => send(snapshot(proxy(odd()))), odd());
  arrives(
    "arrive as maps and sets",
    (send) => send(proxy({ map: proxyMap([["a", { n: 1 }]]), set: proxySet([1, 2]) })),
    { map: new Map([["a", { n: 1 }]]), set: new Set([1, 2]) },
  );
  isRefused(
    "are refused where they hold a function, naming the place",
    (send) => send(proxy({ at: new Date(), rows: [{ save: () => {} }] })),
    "body.rows[0].save",
  );
});
