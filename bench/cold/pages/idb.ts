// The limit of the platform: the page itself opens a database, and stores one record in a transaction of its own.

import { openDB } from "idb";
import { orderOf } from "../../pages/message.js";
import { offer } from "./way.js";

offer({
  async first(durability) {
    const db = await openDB("cold-idb", 1, {
      upgrade: (created) => void created.createObjectStore("messages", { autoIncrement: true }),
    });
    const tx = db.transaction("messages", "readwrite", { durability });
    await tx.store.add(orderOf(0));
    await tx.done;
  },
});
