import { afterEach, expect, test, vi } from "vitest";
import { connect } from "../../../src/index.js";
import { join, startServer } from "../server/world.js";

afterEach(() => vi.unstubAllGlobals());

/** A browser that says whether it is online, and counts the sockets that are opened. */
function startBrowser(onLine: boolean) {
  const target = new EventTarget();
  const network = { onLine };
  const opened: string[] = [];
  vi.stubGlobal("navigator", network);
  vi.stubGlobal("addEventListener", target.addEventListener.bind(target));
  vi.stubGlobal("removeEventListener", target.removeEventListener.bind(target));
  return {
    opened,
    async watchSockets() {
      const { WebSocket } = await import("ws");
      vi.stubGlobal(
        "WebSocket",
        class extends WebSocket {
          constructor(url: string, protocol: string) {
            opened.push(url);
            super(url, protocol);
          }
        },
      );
    },
    goOnline() {
      network.onLine = true;
      target.dispatchEvent(new Event("online"));
    },
  };
}

test("while the browser says that there is no network no socket is opened, and one once there is", async () => {
  const browser = startBrowser(false);
  await browser.watchSockets();
  const { url } = await startServer();
  const connection = await join(`${url}/mq/a`, { lazy: true });
  const queue = await connection.openQueue<number>("q");
  const sent = [queue.send(1), queue.send(2)];
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(browser.opened).toEqual([]);
  browser.goOnline();
  await Promise.all(sent);
  expect(browser.opened).toEqual([`${url}/mq/a`]);
  expect((await queue.peek()).map(({ body }) => body)).toEqual([1, 2]);
});

test("who waits for the network may give up, and close", async () => {
  const browser = startBrowser(false);
  await browser.watchSockets();
  const reason = new Error("enough");
  const connecting = connect({ url: "ws://127.0.0.1:1/mq/a", signal: AbortSignal.abort(reason) });
  await expect(connecting).rejects.toBe(reason);
  const connection = await connect({ url: "ws://127.0.0.1:1/mq/a", lazy: true });
  const sent = (await connection.openQueue("q")).send(1);
  await connection.close({ force: true });
  await expect(sent).rejects.toMatchObject({ code: "closed" });
  expect(browser.opened).toEqual([]);
});

test("a token that cannot be had for a moment is asked for again", async () => {
  const { url } = await startServer();
  const token = vi.fn(async () => "t");
  token.mockRejectedValueOnce(new TypeError("fetch failed"));
  await join(`${url}/mq/a`, { token });
  expect(token).toHaveBeenCalledTimes(2);
});
