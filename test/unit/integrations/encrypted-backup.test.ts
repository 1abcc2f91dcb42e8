// A queue as text that nobody reads without its key.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BackupEncryption, exportQueue, importQueue } from "../../../src/backup.js";
import { type Connection, connect, type Queue } from "../../../src/index.js";
import { streamOf, textOf } from "./text-streams.js";

const newKey = () => crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
const encryption = { key: await newKey() };
const PASSWORD = { password: "correct horse", iterations: 100_000 };

let connection: Connection;
let queue: Queue<unknown>;
let restored: Queue<unknown>;
let count = 0;
beforeEach(async () => {
  connection = await connect({ storage: "memory", database: `encrypted-backup-${++count}` });
  queue = await connection.openQueue("orders");
  restored = await connection.openQueue("restored");
});
afterEach(() => connection.close({ force: true }));

/** Large enough that there are several pieces. */
const bodies = Array.from({ length: 20 }, (_, n) => ({ n, word: `rhubarb ${n}`.repeat(1_000) }));

describe("an encrypted backup", () => {
  test.each<[string, BackupEncryption]>([
    ["key", encryption],
    ["password", PASSWORD],
    ["function that asks for it", { key: async () => PASSWORD }],
  ])("comes back with its %s, through chunks of any size, and nothing in it can be read", async (_, given) => {
    for (const body of bodies) await queue.send(body, { groupId: "rhubarb", headers: { rhubarb: "rhubarb" } });
    const text = await textOf(exportQueue(queue, { encryption: given }));
    const lines = text.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(3);
    expect(JSON.parse(lines[0] as string)).toEqual({ originmq: 2, sealed: expect.any(String) });
    expect(text).not.toContain("rhubarb");
    for (const line of lines.slice(1))
      expect(atob(JSON.parse(line).replaceAll("-", "+").replaceAll("_", "/"))).not.toContain("rhubarb");
    for (const size of [text.length, 10_000, 997]) {
      const again = await connection.openQueue(`restored by ${size}`);
      expect(await importQueue(again, streamOf(text, size), { encryption: given })).toEqual({
        ...{ imported: 20, skipped: 0, complete: true },
      });
      expect((await again.peek({ max: 100 })).map(({ body }) => body)).toEqual(bodies);
    }
  });

  test("of two of one queue nothing is alike, and an empty queue has one, too", async () => {
    const [one, other] = [
      await textOf(exportQueue(queue, { encryption })),
      await textOf(exportQueue(queue, { encryption })),
    ];
    const [, piece = "", rest] = one.split("\n");
    expect([piece.length > 100, rest]).toEqual([true, ""]);
    expect(other).not.toContain(piece.slice(0, 30));
    expect(await importQueue(restored, streamOf(one), { encryption })).toEqual({
      ...{ imported: 0, skipped: 0, complete: true },
    });
    const [head] = other.split("\n");
    const exchanged = importQueue(restored, streamOf(`${head}\n${piece}\n`), { encryption });
    await expect(exchanged).rejects.toMatchObject({ code: "tampered" });
  });

  test("is read with its own key alone, and a plain one with none: else nothing is sent", async () => {
    await queue.send("secret");
    const sealed = await textOf(exportQueue(queue, { encryption }));
    const plain = await textOf(exportQueue(queue));
    const refused = async (text: string, given: BackupEncryption | undefined, code: string, what: string) => {
      const importing = importQueue(restored, streamOf(text), given && { encryption: given });
      await expect(importing).rejects.toMatchObject({ code, message: expect.stringContaining(what) });
    };
    await refused(sealed, undefined, "encrypted", "is encrypted, and no key was given");
    await refused(plain, encryption, "encrypted", "is not encrypted, and a key was given");
    await refused(sealed, { key: await newKey() }, "wrong-key", "the backup does not open");
    await refused(sealed, PASSWORD, "wrong-key", "the backup does not open");
    await refused(
      sealed.replace('"originmq":2', '"originmq":3'),
      encryption,
      "invalid-argument",
      "a later version (3)",
    );
    await refused("", encryption, "invalid-argument", "it is empty");
    expect(await restored.stats()).toMatchObject({ totals: { accepted: 0 } });
  });

  test.each<[unknown, string]>([
    [{ generate: true }, "encryption.generate"],
    [{ password: "" }, "encryption.password"],
    ["secret", "encryption"],
    [null, "encryption"],
  ])("takes no %j for a key, and names it", async (given, name) => {
    const refused = { code: "invalid-argument", message: expect.stringContaining(name) };
    const how = { encryption: given as BackupEncryption };
    await expect(textOf(exportQueue(queue, how))).rejects.toMatchObject(refused);
    await expect(importQueue(restored, streamOf('{"originmq":2,"sealed":"{}"}'), how)).rejects.toMatchObject(refused);
  });

  test("is asked for by its name: who has misspelt it hears so", async () => {
    const misspelt = { encription: encryption } as object;
    expect(() => exportQueue(queue, misspelt)).toThrow('"encription"');
    await expect(importQueue(restored, streamOf("{}"), misspelt)).rejects.toThrow('"encription"');
  });

  test("of an encrypted queue is of one key, and the queue of another", async () => {
    const own = { key: await newKey() };
    const database = `encrypted-backup-of-encrypted-${count}`;
    const hidden = await connect({ storage: "memory", database, encryption: own });
    const letters = await hidden.openQueue("letters");
    await letters.send("secret", { groupId: "a" });
    const text = await textOf(exportQueue(letters, { encryption }));
    await expect(importQueue(restored, streamOf(text), { encryption: own })).rejects.toMatchObject({
      code: "wrong-key",
    });
    await importQueue(restored, streamOf(text), { encryption });
    expect(await restored.peek()).toMatchObject([{ body: "secret", groupId: "a" }]);
    await hidden.close();
  });

  test("whose import is cut off, wherever that is, is imported once when it is begun again", async () => {
    await queue.sendBatch(bodies.map((body) => ({ body })));
    const text = await textOf(exportQueue(queue, { encryption }));
    const cutOff = (at: number) =>
      new ReadableStream<string>({
        start: (controller) => controller.enqueue(text.slice(0, at)),
        pull: () => Promise.reject(new Error("the tab was closed")),
      });
    for (let part = 0; part <= 5; part++) {
      const again = await connection.openQueue<{ n: number }>(`restored ${part}`);
      const how = { encryption, once: true };
      const at = Math.round((part / 5) * text.length);
      await expect(importQueue(again, cutOff(at), how)).rejects.toThrow("the tab was closed");
      // One that ends as if it were whole, and is not: of that nothing more is sent than of one that breaks off.
      if (at < text.length) {
        const code = at === 0 ? "invalid-argument" : "tampered";
        await expect(importQueue(again, streamOf(text.slice(0, at)), how)).rejects.toMatchObject({ code });
      }
      for (const delivery of await again.receive({ max: 3 })) await delivery.ack();
      expect(await importQueue(again, streamOf(text), how)).toMatchObject({ skipped: 0, complete: true });
      const { accepted } = (await again.stats()).totals;
      expect(accepted).toBe(20);
    }
  });
});
