// Breaks IndexedDB in this worker when it is told to. Imported first: what comes after meets it as it would the browser's.

import { failedOpening } from "./failing-storage.js";
import { troubleChannel } from "./trouble-channel.js";

const channel = new BroadcastChannel(troubleChannel(self.name));
let isBroken = false;
let tries = 0;
channel.onmessage = ({ data }) => {
  if (typeof data.isBroken !== "boolean") return;
  if (data.isBroken && !isBroken) tries = 0;
  isBroken = data.isBroken;
  channel.postMessage({ tries });
};

const { open } = IDBFactory.prototype;
IDBFactory.prototype.open = function (this: IDBFactory, ...args) {
  if (!isBroken) return open.apply(this, args);
  tries++;
  const message = "Internal error opening backing store for indexedDB.open.";
  return failedOpening(open, this, { name: "UnknownError", message });
};
const { transaction } = IDBDatabase.prototype;
IDBDatabase.prototype.transaction = function (this: IDBDatabase, ...args) {
  if (!isBroken) return transaction.apply(this, args);
  throw new DOMException("The database connection is closing.", "InvalidStateError");
};
