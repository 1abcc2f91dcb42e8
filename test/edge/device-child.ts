// A client in a process of its own: it reports what it does to the process that started it, and does what that one says.

import "./shifted-clock.js";
import { connect } from "../../src/index.js";
import { createDevice } from "./device.js";
import { MAX_DELIVERIES, QUEUE } from "./names.js";

interface Asked {
  readonly number: number;
  readonly source: string;
  readonly argument: unknown;
}

/** Resolves when it has left this process, whatever becomes of that. */
const tell = (message: object) =>
  new Promise<void>((resolve) => void process.send?.(message, undefined, {}, () => resolve()));

const [name = "", url = "", token] = process.argv.slice(2);
const connection = await connect({ url, ...(token !== undefined && { token: () => token }) });
const queue = await connection.openQueue<string>(QUEUE, { maxDeliveries: MAX_DELIVERIES });
const device = createDevice(name, connection, queue, (report) => tell({ report }));

process.on("message", async ({ number, source, argument }: Asked) => {
  try {
    // As Playwright does: the function's own text, which uses nothing but its arguments.
    const value = await new Function(`return (${source})`)()(device, argument);
    await tell({ number, value });
  } catch (error) {
    await tell({ number, error: String(error) });
  }
});
process.once("disconnect", () => process.exit());
await tell({ ready: true });
