// A page that is a client of the server: it sends and handles, and reports to the process that drives its browser.

import { connect } from "../../../src/index.js";
import type { Report } from "../../faults/page/lab.js";
import { createDevice, type Device } from "../device.js";
import { MAX_DELIVERIES, QUEUE } from "../names.js";

declare global {
  var device: Device;
  /** Of the browser's driver: resolves when the report is in the history. */
  function tellDriver(event: Report): Promise<void>;
}

const { name = "", url = "" } = Object.fromEntries(new URLSearchParams(location.search));
const connection = await connect({ url });
const queue = await connection.openQueue<string>(QUEUE, { maxDeliveries: MAX_DELIVERIES });
globalThis.device = createDevice(name, connection, queue, (event) => globalThis.tellDriver(event));
