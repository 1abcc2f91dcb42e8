// The plug of this page's line: pulled, no socket of it lives and none opens, and the browser says it is offline, as when the
// network is gone. Wraps what the browser offers; the queue knows nothing of it.

export interface Plug {
  readonly isIn: boolean;
  pull(): void;
  push(): void;
}

export function installPlug(): Plug {
  const Plain = globalThis.WebSocket;
  const open = new Set<WebSocket>();
  let isIn = true;

  class PluggedSocket extends Plain {
    constructor(url: string | URL, protocols?: string | string[]) {
      // Nobody listens there.
      super(isIn ? url : "ws://localhost:1", protocols);
      open.add(this);
      this.addEventListener("close", () => open.delete(this));
    }
  }
  globalThis.WebSocket = PluggedSocket;
  const hasNetwork = () => Object.getOwnPropertyDescriptor(Navigator.prototype, "onLine")?.get?.call(navigator);
  Object.defineProperty(navigator, "onLine", { configurable: true, get: () => isIn && hasNetwork() !== false });

  const set = (wanted: boolean) => {
    isIn = wanted;
    if (!isIn) for (const socket of open) socket.close();
    dispatchEvent(new Event(isIn ? "online" : "offline"));
  };
  return {
    get isIn() {
      return isIn;
    },
    pull: () => set(false),
    push: () => set(true),
  };
}
