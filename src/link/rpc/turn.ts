// "Later in this turn is over": runs a callback as a task of its own, after all that the current one still does.
// A message port, not a timer: timers of a hidden page are throttled to one a minute.

const nodeImmediate: unknown = Reflect.get(globalThis, "setImmediate");

/** Node's own keep its process alive: that is for while somebody waits. A test environment may have them, and no `setImmediate`. */
type Keeper = MessagePort & { ref?(): void; unref?(): void };

let channel: { readonly port1: Keeper; readonly port2: MessagePort } | undefined;
let waiting: (() => void)[] = [];

function runWaiting(): void {
  const due = waiting;
  waiting = [];
  channel?.port1.unref?.();
  for (const callback of due) callback();
}

/** Calls after the current task, in the order of the calls. */
export function afterTurn(callback: () => void): void {
  if (typeof nodeImmediate === "function") {
    nodeImmediate(callback);
    return;
  }
  if (channel === undefined) {
    channel = new MessageChannel();
    channel.port1.onmessage = runWaiting;
  }
  waiting.push(callback);
  if (waiting.length > 1) return;
  channel.port1.ref?.();
  channel.port2.postMessage(null);
}
