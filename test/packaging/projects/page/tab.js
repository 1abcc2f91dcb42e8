// What a tab of every project can be told to do. Runs in browsers only; may be imported on a server.
import { connect, openQueue } from "originmq";

/** `also`: what an application does besides, with each message. */
export async function start(also = async () => {}) {
  const url = new URLSearchParams(location.search).get("url");
  const options = url ? { url } : {};
  try {
    const orders = await openQueue("orders", options);
    const { host } = await connect(options);
    // On a server it goes by way of this device, with the piece that is loaded for that.
    const sending = url ? await openQueue("orders", { url, local: true }) : orders;
    window.tab = {
      host,
      send: (body) => sending.send(body),
      handle: () =>
        new Promise((resolve, reject) => {
          orders.consume(({ body }) => also(orders).then(() => resolve(body), reject));
        }),
    };
  } catch (error) {
    window.failed = error.message;
  }
}
