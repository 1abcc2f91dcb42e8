// When a browser knows of the channels that a context listens on.

/**
 * Resolves once whatever this context listens on so far is heard. A BroadcastChannel is there at once, and known to the browser a
 * moment later: what others post before that is missed. It is told of one after the other.
 */
export async function channelsAreKnown(): Promise<void> {
  const [one, other] = [new BroadcastChannel("known"), new BroadcastChannel("known")];
  await new Promise((resolve) => {
    one.addEventListener("message", resolve);
    other.postMessage(null);
  });
  one.close();
  other.close();
}
