// Encrypted backups under attack: whatever is done to one, what is sent of it is what was written, from its beginning.

import fc from "fast-check";
import { expect, test } from "vitest";
import { exportQueue, importQueue } from "../../src/backup.js";
import { connect, QueueError } from "../../src/index.js";
import { streamOf } from "../unit/integrations/text-streams.js";

const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
const encryption = { key };
const connection = await connect({ storage: "memory", database: "attacked-backup" });
const queue = await connection.openQueue<string>("orders");
const restored = await connection.openQueue<string>("restored");
/** Each fills a piece, and more than one. */
const bodies = Array.from({ length: 6 }, (_, n) => `${n} ${"x".repeat(70_000 + n)}`);
for (const body of bodies) await queue.send(body);

const written = async () => {
  const lines: string[] = [];
  for await (const line of exportQueue(queue, { encryption })) lines.push(line);
  return lines;
};
const [lines, others] = [await written(), await written()];
const text = lines.join("");

const places = fc.integer({ min: 0, max: text.length - 1 });
const ofLines = fc.integer({ min: 0, max: lines.length - 1 });
const letters = fc.constantFrom(...'AZaz09-_{}"\\:,\n \u00e9');
const attacks: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(places, letters).map(([at, letter]) => text.slice(0, at) + letter + text.slice(at + 1)),
  places.map((at) => text.slice(0, at)),
  ofLines.map((at) => lines.filter((_, i) => i !== at).join("")),
  ofLines.map((at) => lines.slice(0, at).join("")),
  fc.tuple(ofLines, ofLines).map(([a, b]) =>
    lines
      .with(a, lines[b] as string)
      .with(b, lines[a] as string)
      .join(""),
  ),
  fc.tuple(ofLines, ofLines).map(([a, b]) => lines.toSpliced(a, 0, lines[b] as string).join("")),
  ofLines.map((at) => lines.with(at, others[at] as string).join("")),
);

test("nothing is sent of what is not authentic, and whatever was changed, exchanged, left out or cut off is noticed", async () => {
  expect(lines.length).toBeGreaterThan(6);
  await fc.assert(
    fc.asyncProperty(attacks, async (attacked) => {
      await restored.purge();
      const outcome = await importQueue(restored, streamOf(attacked), { encryption }).catch((error: unknown) => error);
      const sent = (await restored.peek({ max: 100 })).map(({ body }) => body);
      // Without the end of its last line, a text is all that it was.
      const isWhole = attacked.trimEnd() === text.trimEnd();
      if (isWhole) expect(outcome).toMatchObject({ imported: 6, complete: true });
      else {
        expect(outcome).toBeInstanceOf(QueueError);
        expect(["tampered", "wrong-key", "encrypted", "invalid-argument"]).toContain((outcome as QueueError).code);
      }
      expect(sent).toEqual(isWhole ? bodies : bodies.slice(0, sent.length));
    }),
    { numRuns: 30 },
  );
});

test("whatever letter of its first line is another, nothing is sent", async () => {
  const [head = "", ...pieces] = lines;
  await restored.purge();
  for (let at = 0; at < head.length; at++) {
    for (const letter of [":", "A"]) {
      if (head[at] === letter) continue;
      const attacked = head.slice(0, at) + letter + head.slice(at + 1) + pieces.join("");
      const outcome = await importQueue(restored, streamOf(attacked), { encryption }).catch((error: unknown) => error);
      expect(outcome, attacked.slice(0, head.length)).toBeInstanceOf(QueueError);
    }
  }
  expect(await restored.peek()).toEqual([]);
});

test("a piece whose last letter is another, for the same bytes, is noticed, too", async () => {
  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  let tried = 0;
  for (const [at, line] of [...lines.entries()].slice(1)) {
    const { length } = JSON.parse(line);
    if (length % 4 === 0) continue;
    // Of its six bits so many are of no byte.
    const unused = length % 4 === 2 ? 4 : 2;
    const letter = LETTERS[LETTERS.indexOf(line.at(-3) as string) ^ ((1 << unused) - 1)];
    const attacked = lines.with(at, `${line.slice(0, -3)}${letter}"\n`).join("");
    await expect(importQueue(restored, streamOf(attacked), { encryption })).rejects.toMatchObject({ code: "tampered" });
    if (++tried === 2) break;
  }
  expect(tried).toBeGreaterThan(0);
});
