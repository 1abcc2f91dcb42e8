// Text that says it is a backup, imported into a real queue.

import { exportQueue, importQueue } from "../../../../src/backup.js";
import { QueueError } from "../../../../src/core/spec/errors.js";
import { connect } from "../../../../src/index.js";
import { rethrowUnless, type Target } from "../target.js";

const decoder = new TextDecoder();

/** In two chunks that are no lines. */
const streamOf = (text: string): ReadableStream<string> => {
  const middle = Math.floor(text.length / 2);
  const chunks = [text.slice(0, middle), text.slice(middle)];
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
  });
};

async function exported(): Promise<string> {
  const connection = await connect({ storage: "memory", database: "exported" });
  const queue = await connection.openQueue<unknown>("q");
  await queue.send({ a: [1, { b: null }], c: "é" }, { priority: 9, headers: { x: "y" }, groupId: "g" });
  await queue.send([new Uint8Array([1, 2]), new Map([[1, new Date(0)]]), new TypeError("no"), 10n], {
    delayMs: 60_000,
  });
  await queue.send("dead");
  const [delivery] = await queue.receive();
  await delivery?.deadLetter("no use");
  let text = "";
  for await (const line of exportQueue(queue)) text += line;
  await connection.close();
  return text;
}

export const backup: Target = {
  name: "backup",
  form: "text",
  async seeds() {
    const text = await exported();
    const lines = text.trim().split("\n");
    const each = lines.slice(1, -1).map((line) => [lines[0], line, '{"messages":1}'].join("\n"));
    return [text, ...each].map((one) => new TextEncoder().encode(one));
  },
  async open() {
    const connection = await connect({ storage: "memory", database: "imported" });
    const queue = await connection.openQueue<unknown>("q");
    return async (input) => {
      const text = decoder.decode(input);
      let most = 0;
      try {
        const { imported, skipped } = await importQueue(queue, streamOf(text), { deadLetters: "send" });
        most = imported + skipped;
      } catch (error) {
        rethrowUnless(error, QueueError);
      }
      const lines = text.split("\n").length;
      if (most > lines) throw new Error(`${most} messages came out of ${lines} lines`);
      await queue.purge();
      return lines;
    };
  },
};
