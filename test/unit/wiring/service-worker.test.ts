// What the entry for service workers says where it has nothing of a browser to stand on.

import { expect, test } from "vitest";
import { openQueue } from "../../../src/service-worker.js";

test("a service worker that did not import the part that encrypts says so", async () => {
  // By an address, which needs no locks here; nobody is dialled.
  const opening = openQueue("letters", { url: "ws://localhost:1/mq/d", encryption: { password: "p" } });
  await expect(opening).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining('import "originmq/encryption"'),
    detail: { name: "encryption" },
  });
});
