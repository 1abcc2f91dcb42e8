// A host of an earlier build, as far as a client can tell: it says so, is told that the client is of that build too, and
// neither takes nor says what came with later ones.

/** What the client posts and the host answers, as Comlink writes it. */
interface Frame {
  readonly id?: string;
  readonly argumentList?: readonly { readonly value: Readonly<Record<string, unknown>> }[];
  readonly value?: { readonly value?: unknown };
}

/** Came with minor version 3: in requests, and in what hosts say. */
const ASKED_FROM_3: ReadonlySet<string> = new Set(["unstarted", "grants", "group", "beforePlace"]);
const SPANS: ReadonlySet<string> = new Set(["delayMs", "ttlMs"]);
const SPAN_MS_MAX_BEFORE_3 = 2 ** 31 - 1;

/** `port` as a client sees it whose host speaks this minor wire version; `seen` gets every request. */
export function asEarlierHost(port: MessagePort, minor: number, seen: unknown[] = []): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port2.addEventListener("message", ({ data }) => {
    const { id, argumentList: [given] = [] } = data as Frame;
    if (given) seen.push(given.value);
    const unknown = minor < 3 && given ? unknownIn(given.value) : undefined;
    if (unknown !== undefined) {
      const reply = { ok: false, code: "invalid-argument", message: `${unknown} is nothing that this host takes` };
      return port2.postMessage({ id, type: "RAW", value: reply });
    }
    const isHello = given?.value.op === "hello";
    const hello = () => ({ ...data, argumentList: [{ ...given, value: { ...given?.value, wire: [1, minor] } }] });
    port.postMessage(isHello ? hello() : data);
  });
  port.addEventListener("message", ({ data }) => {
    const reply = (data as Frame).value?.value;
    const isWelcome = typeof reply === "object" && reply !== null && "instance" in reply;
    const welcome = () => ({ ...data, value: { ...data.value, value: { ...(reply as object), minor } } });
    if (isWelcome) port2.postMessage(welcome());
    else port2.postMessage(minor < 3 ? withoutRedelivered(data) : data);
  });
  port.start();
  port2.start();
  return port1;
}

/** The first member of a request that came with minor version 3, or is a time that was not taken before. */
function unknownIn(request: unknown): string | undefined {
  if (typeof request !== "object" || request === null) return undefined;
  for (const [name, value] of Object.entries(request)) {
    if (name === "bodies" || name === "headers") continue;
    if (ASKED_FROM_3.has(name) && value !== undefined) return name;
    if (SPANS.has(name) && (value as number) > SPAN_MS_MAX_BEFORE_3) return name;
    if (name === "times" && !(value as number[]).every(Number.isInteger)) return name;
    const within = unknownIn(value);
    if (within !== undefined) return within;
  }
  return undefined;
}

/** Hand-outs, pushed or answered, and views of messages without what they say from minor version 3 on. */
function withoutRedelivered(frame: Frame): Frame {
  const { argumentList, value } = frame;
  const drop = <Said>(said: Said): Said => {
    if (typeof said !== "object" || said === null || !("redelivered" in said)) return said;
    const { redelivered: _, ...rest } = said;
    return rest as Said;
  };
  return {
    ...frame,
    ...(argumentList && {
      argumentList: argumentList.map((given) => {
        const { handOut } = given.value ?? {};
        return handOut === undefined ? given : { ...given, value: { ...given.value, handOut: drop(handOut) } };
      }),
    }),
    ...(value?.value !== undefined && {
      value: { ...value, value: Array.isArray(value.value) ? value.value.map(drop) : drop(value.value) },
    }),
  };
}
