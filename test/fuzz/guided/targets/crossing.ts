// Bytes that a bridge takes for a message which was encrypted.

import { QueueError } from "../../../../src/core/spec/errors.js";
import { createCrossingOpener, createCrossingSeal } from "../../../../src/encryption/crossing.js";
import { rethrowUnless, type Target } from "../target.js";

/** Always the same, so that what is kept opens. */
const encryption = async () => ({
  key: await crypto.subtle.importKey("raw", new Uint8Array(32).fill(7), "AES-GCM", false, ["encrypt", "decrypt"]),
});

export const crossing: Target = {
  name: "crossing",
  form: "encoding",
  async seeds() {
    const { seal } = await createCrossingSeal(await encryption());
    const attributes = { id: "a", priority: 4, groupId: null, sentAt: 0, expiresAt: null, contentType: null };
    return Promise.all([
      seal({ attributes, headers: { x: "y" }, body: { a: [1, { b: null }], c: "é" } }),
      seal({ attributes, headers: {}, body: [new Uint8Array([1, 2]), new Map([[1, new Date(0)]])] }),
    ]);
  },
  async open() {
    const open = await createCrossingOpener(await encryption());
    return async (input) => {
      await open(input).catch((error: unknown) => rethrowUnless(error, QueueError));
      return 1;
    };
  },
};
