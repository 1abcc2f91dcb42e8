// What a handler may throw or return that cannot be looked at like other things.

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

export const ODD: readonly (readonly [what: string, make: () => unknown])[] = [
  ["has a message without text", () => ({ message: Object.create(null) })],
  ["has a message that cannot be read", () => Object.defineProperty({}, "message", { get: fail, enumerable: true })],
  ["has a name that cannot be read", () => Object.defineProperty({ message: "x" }, "name", { get: fail })],
  ["is a proxy that was revoked", revoked],
  ["has nothing", () => Object.create(null)],
  ["refers to itself", () => Object.assign(Object.create(null), { toString: fail, toJSON: fail })],
];

function fail(): never {
  throw new Error("it cannot be read");
}
