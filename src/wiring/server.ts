// Where this runs: in a browser, or in a runtime for servers and tests, which has no tabs to share a host with.

/** Node, Deno and Bun, with a browser's globals put on top or not; the windows of Electron and NW.js are browsers. */
export function isServer(): boolean {
  if ("Deno" in globalThis || "Bun" in globalThis) return true;
  const { process } = globalThis as {
    readonly process?: { readonly versions?: Readonly<Record<string, string>>; readonly type?: string };
  };
  if (!process?.versions?.node || process.versions.nw) return false;
  return process.type !== "renderer" && process.type !== "worker";
}

/** In Cloudflare's Workers a socket serves the event in which it was opened, and no other. */
export const ownsSockets = (): boolean => globalThis.navigator?.userAgent === "Cloudflare-Workers";
