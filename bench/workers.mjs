// The DevTools of SharedWorkers. Playwright has none for workers that two pages share, so their messages are passed
// through the browser's.

/**
 * @typedef {{ send(method: string, params?: object): Promise<any> }} Session
 * @typedef {{ title: string, session: Session, detach: () => Promise<void> }} Worker
 */

/** Those that run now. @param {import("playwright").CDPSession} browser */
export async function sharedWorkers(browser) {
  const { targetInfos } = await browser.send("Target.getTargets");
  return targetInfos.filter(({ type }) => type === "shared_worker");
}

/**
 * A session for every SharedWorker. While one is attached, the browser starts the worker's successor paused.
 * @param {import("playwright").CDPSession} browser
 * @returns {Promise<Worker[]>}
 */
export async function attachToWorkers(browser) {
  return Promise.all(
    (await sharedWorkers(browser)).map(async ({ targetId, title }) => {
      const { sessionId } = await browser.send("Target.attachToTarget", { targetId, flatten: false });
      let last = 0;
      /** @type {Session} */
      const session = {
        send: (method, params = {}) =>
          new Promise((resolve, reject) => {
            const id = ++last;
            /** @param {{ sessionId: string, message: string }} event */
            const onMessage = (event) => {
              const message = event.sessionId === sessionId ? JSON.parse(event.message) : {};
              if (message.id !== id) return;
              browser.off("Target.receivedMessageFromTarget", onMessage);
              if (message.error) reject(new Error(message.error.message));
              else resolve(message.result);
            };
            browser.on("Target.receivedMessageFromTarget", onMessage);
            const message = JSON.stringify({ id, method, params });
            browser.send("Target.sendMessageToTarget", { sessionId, message }).catch(reject);
          }),
      };
      return {
        title: title.replace(/^.*\//, ""),
        session,
        async detach() {
          await browser.send("Target.detachFromTarget", { sessionId });
        },
      };
    }),
  );
}
