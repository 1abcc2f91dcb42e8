// What a page of the tests does in a database of its own application: orders, which it sends through an outbox, and
// effects, which it has through an inbox.

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Delivery } from "../../../src/index.js";
import {
  createInboxStore,
  createOutboxStore,
  inbox,
  outbox,
  type TransactionalOutbox,
} from "../../../src/transactional.js";

interface Schema extends DBSchema {
  orders: { key: number; value: string };
  effects: { key: number; value: string };
  "originmq-inbox": { key: string; value: unknown };
  "originmq-outbox": { key: number; value: unknown };
}

export interface Ledger {
  readonly orders: string[];
  readonly effects: string[];
  readonly unsent: number;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const name = new URLSearchParams(location.search).get("name") ?? "page";

let opening: Promise<IDBPDatabase<Schema>> | undefined;
let sending: TransactionalOutbox | undefined;
let isOrdering = false;
let counter = 0;

const open = () => {
  opening ??= openDB<Schema>("ledger", 1, {
    upgrade(db) {
      db.createObjectStore("orders", { autoIncrement: true });
      db.createObjectStore("effects", { autoIncrement: true });
      createInboxStore(db);
      createOutboxStore(db);
    },
  });
  return opening;
};

async function order(db: IDBPDatabase<Schema>, box: TransactionalOutbox) {
  while (isOrdering) {
    const tx = db.transaction(["orders", "originmq-outbox"], "readwrite");
    const body = `${name}-${String(++counter).padStart(6, "0")}`;
    await tx.objectStore("orders").add(body);
    box.send(tx, "work", body);
    await tx.done;
    await sleep(1);
  }
}

export const ledger = {
  /** Orders as fast as it can: each in one transaction with its send to the queue of this page's lab. */
  async startOrdering() {
    const db = await open();
    sending ??= outbox(db, { connection: lab.connection });
    isOrdering = true;
    void order(db, sending);
  },
  stopOrdering() {
    isOrdering = false;
  },
  async relay() {
    sending ??= outbox(await open(), { connection: lab.connection });
    await sending.relay();
  },
  /**
   * Each message adds its body to the effects, in two steps, so that half an effect would show. Its acknowledgement takes
   * a while, so that kills come between the two.
   */
  async startHandling(concurrency = 4) {
    const handle = inbox(await open()).handle<string>(["effects"], async ({ body }, tx) => {
      const store = tx.objectStore("effects");
      const key = await store.add("half");
      await store.put(body, key);
    });
    const ackLater = (delivery: Delivery<string>) => async () => {
      await sleep(20);
      await delivery.ack();
    };
    const late = (delivery: Delivery<string>): Delivery<string> =>
      Object.create(delivery, { ack: { value: ackLater(delivery) } });
    lab.queue.consume((delivery) => handle(late(delivery)), { concurrency, prefetch: 16 });
  },
  async read(): Promise<Ledger> {
    const db = await open();
    return {
      orders: await db.getAll("orders"),
      effects: await db.getAll("effects"),
      unsent: await db.count("originmq-outbox"),
    };
  },
};

declare global {
  var book: typeof ledger;
}
globalThis.book = ledger;
