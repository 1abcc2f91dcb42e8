// A host of an earlier build, as far as a client can tell: it says so, and is told that the client is of that build too.

/** What the client posts and the host answers, as Comlink writes it. */
interface Frame {
  readonly argumentList?: readonly { readonly value: Readonly<Record<string, unknown>> }[];
  readonly value?: { readonly value?: Readonly<Record<string, unknown>> };
}

/** `port` as a client sees it whose host speaks this minor wire version; `seen` gets every request. */
export function asEarlierHost(port: MessagePort, minor: number, seen: unknown[] = []): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port2.addEventListener("message", ({ data }) => {
    const { argumentList: [given] = [] } = data as Frame;
    if (given) seen.push(given.value);
    const isHello = given?.value.op === "hello";
    const hello = () => ({ ...data, argumentList: [{ ...given, value: { ...given?.value, wire: [1, minor] } }] });
    port.postMessage(isHello ? hello() : data);
  });
  port.addEventListener("message", ({ data }) => {
    const { value: reply } = data as Frame;
    const isWelcome = typeof reply?.value === "object" && reply.value !== null && "instance" in reply.value;
    const welcome = () => ({ ...data, value: { ...data.value, value: { ...reply?.value, minor } } });
    port2.postMessage(isWelcome ? welcome() : data);
  });
  port.start();
  port2.start();
  return port1;
}
