#!/usr/bin/env bash
# Comlink 4.4.2, proxies that are dropped without `proxy[releaseProxy]()`, in Node with --expose-gc (100 of each).
#
# The readme promises that `releaseProxy` is called by itself once a proxy was collected. On a port that knows nothing of
# its proxy that holds: all are collected, and each finalizer on the other side runs. But where the port leads back to
# the proxy (here: one more listener on it, which uses the proxy; an endpoint object of one's own whose closures do is
# alike), a proxy is never collected, even after both ports were closed and everything was dropped. The same code in
# a runtime without FinalizationRegistry leaves nothing behind, so it is Comlink's own bookkeeping that keeps it.
#
# Why: each proxy is registered with its endpoint as the value that the registry hands to its callback. A registry holds
# that value strongly for as long as the proxy lives. An endpoint that leads to the proxy keeps the proxy alive, the proxy
# being alive keeps the endpoint in the registry, and what is to release them waits for the collection that they prevent.
# Only `releaseProxy` breaks the ring: it takes the proxy out of the registry. Each dropped connection is a leak until then.
#
# Source: github.com/GoogleChromeLabs/comlink, src/comlink.ts, `proxyFinalizers` and `registerProxy`; the output below is
# what 4.4.2 does in Node 20.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent comlink@4.4.2
cat >look.mjs <<'JS'
const isWithout = process.argv[2] === "without";
if (isWithout) delete globalThis.FinalizationRegistry;
const { expose, finalizer, releaseProxy, wrap } = await import("comlink");

const COUNT = 100;
let finalized = 0;
const exposed = () => ({ answer: () => 7, [finalizer]: () => finalized++ });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Makes, uses and drops so many proxies. Ports that stay open are answered with; everything else is forgotten. */
async function drop({ leadsBack = false, releases = false, staysOpen = false }) {
  const open = [];
  const proxies = [];
  for (let i = 0; i < COUNT; i++) {
    const { port1, port2 } = new MessageChannel();
    expose(exposed(), port2);
    const proxy = wrap(port1);
    if (leadsBack) port1.addEventListener("message", () => void proxy);
    await proxy.answer();
    if (releases) proxy[releaseProxy]();
    if (staysOpen) open.push(port1, port2);
    else for (const port of [port1, port2]) port.close();
    proxies.push(new WeakRef(proxy));
  }
  return { open, proxies };
}

async function look(name, how) {
  finalized = 0;
  const { open, proxies } = await drop(how);
  for (let i = 0; i < 30; i++) {
    await pause(10);
    globalThis.gc();
  }
  const left = proxies.filter((proxy) => proxy.deref() !== undefined).length;
  const told = how.staysOpen ? `, ${finalized} finalizers ran` : "";
  console.log(`${isWithout ? "no registry | " : ""}${name}: ${left} of ${COUNT} proxies left${told}`);
  for (const port of open) port.close();
}

await look("dropped, ports open", { staysOpen: true });
await look("dropped, ports closed", {});
await look("dropped, ports closed, port leads back", { leadsBack: true });
await look("released, ports closed, port leads back", { leadsBack: true, releases: true });
process.exit(0);
JS
for how in with without; do node --expose-gc look.mjs "$how"; done | tee seen.txt
cat >expected.txt <<'TXT'
dropped, ports open: 0 of 100 proxies left, 100 finalizers ran
dropped, ports closed: 0 of 100 proxies left
dropped, ports closed, port leads back: 100 of 100 proxies left
released, ports closed, port leads back: 0 of 100 proxies left
no registry | dropped, ports open: 0 of 100 proxies left, 0 finalizers ran
no registry | dropped, ports closed: 0 of 100 proxies left
no registry | dropped, ports closed, port leads back: 0 of 100 proxies left
no registry | released, ports closed, port leads back: 0 of 100 proxies left
TXT
diff expected.txt seen.txt && echo "as seen before"
