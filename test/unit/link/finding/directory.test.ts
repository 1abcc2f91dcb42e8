import { randomUUID } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import { VERSION } from "../../../../src/core/spec/version.js";
import {
  type Asking,
  answerLink,
  type Channel,
  linkOverChannel,
  serveDirectory,
} from "../../../../src/link/finding/directory.js";
import { OPENED } from "../../../../src/link/finding/opening.js";
import type { Port } from "../../../../src/link/rpc/guard.js";
import { missingFirst } from "./missing-first.js";

const open: Channel[] = [];
afterEach(() => {
  for (const channel of open.splice(0)) channel.close();
});

const createAsking = (): Asking => ({
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
});
/** Serves who asks for a channel, as `lead` does. */
const serve = (asking: Asking, onLink: (channel: string) => () => void) =>
  serveDirectory(
    asking.openChannel(asking.directory),
    { kind: "dedicated-worker", version: VERSION },
    { onLink, onBetter() {} },
  );

test("what a client asks over its channel reaches one host alone, also while two believe to be it", async () => {
  const asking = createAsking();
  const heard: string[] = [];
  const linked = ["the host", "the deposed one"].map((name) => {
    const connect = (port: Port) =>
      port.addEventListener("message", ({ data }) => void heard.push(`${name}: ${data as string}`));
    return new Promise<void>((resolve) => {
      serve(asking, (channel) => {
        resolve();
        return answerLink(asking, channel, Promise.resolve({ connect }));
      });
    });
  });

  const opened = await linkOverChannel(asking, 5_000);
  await Promise.all(linked);
  opened?.port.postMessage("hello");
  await expect.poll(() => heard).not.toEqual([]);
  // What was posted to both would have been heard by both by now.
  opened?.port.postMessage("still there?");
  await expect.poll(() => heard.length).toBe(2);
  expect(new Set(heard.map((line) => line.split(":")[0])).size).toBe(1);
});

test("an answer that was missed is given again, and the client has one link", async () => {
  const asking = createAsking();
  const connect = vi.fn();
  serve(asking, (channel) => answerLink(asking, channel, Promise.resolve({ connect })));
  expect(await linkOverChannel(missingFirst(asking, OPENED), 2_000)).toBeDefined();
  expect(connect).toHaveBeenCalledOnce();
});
