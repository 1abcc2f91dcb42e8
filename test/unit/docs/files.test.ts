// What docs/testing.md says of files where there is no browser.
// @vitest-environment jsdom

import { File as FileOfNode } from "node:buffer";
import { expect, test } from "vitest";
import { openQueue } from "../../../src/index.js";

test("a File of Node arrives as a Blob without its name, and one of jsdom is refused", async () => {
  const queue = await openQueue<{ name: string; file: Blob }>("files", { storage: "memory" });
  await queue.send({ name: "a.txt", file: new FileOfNode(["light"], "a.txt") as unknown as Blob });
  const [delivery] = await queue.receive();
  expect(delivery?.body.name).toBe("a.txt");
  expect(await delivery?.body.file.text()).toBe("light");
  expect(delivery?.body.file).not.toHaveProperty("name", "a.txt");
  await expect(queue.send({ name: "a.txt", file: new File(["light"], "a.txt") })).rejects.toMatchObject({
    code: "not-cloneable",
  });
  await queue.close({ force: true });
});
