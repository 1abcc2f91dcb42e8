// A bare SharedWorker: answers a ping on the port it came from, relays a message to every other port, before that
// committing one small record if asked to.

import type { Durability } from "../case.js";
import { openDatabase } from "../databases.js";

export type RelayMessage =
  | { readonly type: "ping"; readonly n: number }
  | { readonly type: "relay"; readonly n: number; readonly body: unknown; readonly durability?: Durability }
  | { readonly type: "close" };

export const RELAY_DATABASE = "bench-relay";

const ports = new Set<MessagePort>();
let database: Promise<IDBDatabase> | undefined;

function commit(db: IDBDatabase, n: number, durability: Durability): Promise<void> {
  return new Promise((resolve, reject) => {
    const tx = db.transaction("journal", "readwrite", { durability });
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error);
    tx.objectStore("journal").put(n, n);
    tx.commit();
  });
}

async function serve(port: MessagePort, message: RelayMessage): Promise<void> {
  switch (message.type) {
    case "ping":
      return port.postMessage(message);
    case "relay": {
      if (message.durability) {
        database ??= openDatabase(RELAY_DATABASE, (created) => created.createObjectStore("journal"));
        await commit(await database, message.n, message.durability);
      }
      for (const other of ports) if (other !== port) other.postMessage(message);
      return;
    }
    case "close":
      (await database)?.close();
      database = undefined;
      return port.postMessage(message);
  }
}

addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports as unknown as [MessagePort];
  ports.add(port);
  port.onmessage = ({ data }: MessageEvent<RelayMessage>) => void serve(port, data);
});
