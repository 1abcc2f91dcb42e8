import type { Asking } from "../../../../src/link/finding/directory.js";

/** Its channels do not hear the first message of this type, as one that the browser does not know of yet. */
export function missingFirst(asking: Asking, type: string): Asking {
  let isMissed = false;
  return {
    ...asking,
    openChannel(name) {
      const channel = asking.openChannel(name);
      const addEventListener: typeof channel.addEventListener = (event, listener) =>
        channel.addEventListener(event, (message) => {
          if (isMissed || message.data.type !== type) return listener(message);
          isMissed = true;
        });
      return {
        addEventListener,
        removeEventListener: channel.removeEventListener.bind(channel),
        postMessage: channel.postMessage.bind(channel),
        close: channel.close.bind(channel),
      };
    },
  };
}
