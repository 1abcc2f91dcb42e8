// A name that nobody else has.

/**
 * A random UUID (RFC 9562, version 4). `crypto.randomUUID` is missing on plain http, where requests are sent and servers reached
 * all the same: there the address of a blob ends in one.
 */
export function randomUuid(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  const address = URL.createObjectURL(new Blob());
  URL.revokeObjectURL(address);
  return address.slice(-36);
}
