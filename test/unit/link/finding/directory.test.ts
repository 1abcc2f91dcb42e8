import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { VERSION } from "../../../../src/core/spec/version.js";
import {
  type Asking,
  answerLink,
  type Channel,
  linkOverChannel,
  serveDirectory,
} from "../../../../src/link/finding/directory.js";
import type { Port } from "../../../../src/link/rpc/guard.js";

test("what a client asks over its channel reaches one host alone, also while two believe to be it", async () => {
  const open: Channel[] = [];
  const asking: Asking = {
    directory: `directory-${randomUUID()}`,
    openChannel(name) {
      const channel = new BroadcastChannel(name) as unknown as Channel;
      open.push(channel);
      return channel;
    },
    setTimer(callback, ms) {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
    uuid: () => randomUUID(),
  };
  const heard: string[] = [];
  const linked = ["the host", "the deposed one"].map((name) => {
    const connect = (port: Port) =>
      port.addEventListener("message", ({ data }) => void heard.push(`${name}: ${data as string}`));
    return new Promise<void>((resolve) => {
      const onLink = (channel: string) => {
        answerLink(asking, channel, { connect });
        resolve();
      };
      const events = { onLink, onBetter: () => {} };
      serveDirectory(asking.openChannel(asking.directory), { kind: "dedicated-worker", version: VERSION }, events);
    });
  });

  try {
    const opened = await linkOverChannel(asking, 5_000);
    await Promise.all(linked);
    opened?.port.postMessage("hello");
    await expect.poll(() => heard).not.toEqual([]);
    // What was posted to both would have been heard by both by now.
    opened?.port.postMessage("still there?");
    await expect.poll(() => heard.length).toBe(2);
    expect(new Set(heard.map((line) => line.split(":")[0])).size).toBe(1);
  } finally {
    for (const channel of open) channel.close();
  }
});
