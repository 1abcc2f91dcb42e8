// A context in which IndexedDB is there and may not be used.

import { expect, test, vi } from "vitest";
import { queueErrorOf } from "../../../src/host/engine/store-errors.js";
import { createIndexedDbStore } from "../../../src/store/indexeddb/indexeddb.js";

test("a database that the context may not open is refused at the first try, as what is not supported here", async () => {
  const open = vi.fn(() => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  });
  const store = createIndexedDbStore({ database: "d", indexedDB: { open } as unknown as IDBFactory });
  const error = await store.open().catch((cause) => cause);
  expect(error).toMatchObject({ name: "StoreError", reason: "refused" });
  expect(queueErrorOf(error)).toMatchObject({ code: "unsupported", message: expect.stringContaining("insecure") });
  expect(open).toHaveBeenCalledTimes(1);
});
