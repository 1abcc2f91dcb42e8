// What a client posts, seen and changed on its way to the host.

interface Frame {
  readonly argumentList?: readonly { readonly value: Posted }[];
}
export interface Posted {
  readonly op: string;
  readonly commands?: readonly { readonly command: Record<string, unknown> }[];
}

/** `port` as a client sees it that posts what `change` makes of its requests; what that throws, posting throws. */
export function through(port: MessagePort, change: (request: Posted) => Posted): MessagePort {
  const post = port.postMessage.bind(port);
  port.postMessage = (frame: Frame) => {
    const [given] = frame.argumentList ?? [];
    post(given ? { ...frame, argumentList: [{ ...given, value: change(given.value) }] } : frame);
  };
  return port;
}
