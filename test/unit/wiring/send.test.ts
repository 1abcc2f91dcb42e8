// What the entry that only sends takes, where it has nothing but a whole client in this process to send by.

import { expect, test } from "vitest";
import { openQueue } from "../../../src/send.js";

test.each([{ password: "correct horse" }, { generate: true }, "required"])(
  "what encrypts is no option, and nothing is opened without it: %o",
  async (encryption) => {
    const opening = openQueue("letters", { storage: "memory", encryption } as object);
    await expect(opening).rejects.toMatchObject({ code: "invalid-argument", detail: { name: "encryption" } });
  },
);

test("what only a client that receives can keep is no option, and the error names it", async () => {
  const opening = openQueue("labelled", { storage: "memory", label: "Checkout" } as object);
  await expect(opening).rejects.toMatchObject({
    code: "invalid-argument",
    detail: { name: "label" },
    message: expect.stringContaining("openQueue()"),
  });
});
