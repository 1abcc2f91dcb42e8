// A browser whose storage fails as browsers' do in the field.

/** A request whose opening fails with this error. Its events are the browser's own: it asks for another, older database. */
export function failedOpening(
  open: IDBFactory["open"],
  factory: IDBFactory,
  error: { readonly name: string; readonly message: string },
): IDBOpenDBRequest {
  const other = `other-${crypto.randomUUID()}`;
  const newer = open.call(factory, other, 2);
  newer.onsuccess = () => {
    newer.result.close();
    factory.deleteDatabase(other);
  };
  const request = open.call(factory, other, 1);
  Object.defineProperty(request, "error", { get: () => new DOMException(error.message, error.name) });
  return request;
}
