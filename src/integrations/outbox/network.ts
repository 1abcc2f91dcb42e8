// What this context knows of its network. `navigator.onLine` is a hint that lies both ways: an interface of a VPN counts,
// or does not, and the event that should end an outage may never come. Invariant: an answer, whoever it is from, is
// better evidence than the browser's word, until a request fails or the browser says again that it is offline.

export interface Network {
  /** Whether there is no use in asking: the browser says so, and nothing has shown that it is wrong. */
  isOffline(): boolean;
  /** Somebody has answered. True when nobody was expected to. */
  answered(): boolean;
  /** A request reached nobody. */
  failed(): void;
}

const saysOffline = (): boolean => globalThis.navigator?.onLine === false;

export function createNetwork(): Network {
  let isProven = false;
  return {
    isOffline: () => saysOffline() && !isProven,
    answered() {
      const isNews = saysOffline() && !isProven;
      isProven = saysOffline();
      return isNews;
    },
    failed() {
      isProven = false;
    },
  };
}
