// What everything else here stands on. If one of these is missing, the browser or how it was started is at fault.

import { expect, test } from "vitest";

test("the page is a secure context with IndexedDB, SharedWorker, Web Locks and BroadcastChannel", () => {
  expect(isSecureContext).toBe(true);
  expect(indexedDB).toBeInstanceOf(IDBFactory);
  expect(navigator.locks).toBeInstanceOf(LockManager);
  expect([typeof SharedWorker, typeof BroadcastChannel]).toEqual(["function", "function"]);
});
