// Dexie's `open` and its first `add`.

import { Dexie, type EntityTable } from "dexie";
import { orderOf } from "../../pages/message.js";
import { offer } from "./way.js";

offer({
  async first(chromeTransactionDurability) {
    const db = new Dexie("cold-dexie", { chromeTransactionDurability }) as Dexie & {
      messages: EntityTable<{ id: number; body: unknown }, "id">;
    };
    db.version(1).stores({ messages: "++id" });
    await db.open();
    await db.messages.add({ body: orderOf(0) });
  },
});
