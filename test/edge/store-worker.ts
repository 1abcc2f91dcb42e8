// A worker whose one object runs the contract over its own storage.

import type { SqliteDriver } from "../../src/store/sqlite/driver.js";
import { createDurableObjectDriver, type DurableObjectStorage } from "../../src/store/sqlite/drivers/durable-object.js";
import { createSqliteStore } from "../../src/store/sqlite/sqlite.js";
import { find, writeForever } from "../contract/kill-writer.js";
import { describeLogStore } from "../contract/log-store.contract.js";
import { describeRows } from "../contract/log-store.sqlite-rows.js";
import { createSqliteHarness } from "../contract/sqlite-harness.js";
import { describeObject } from "./object.js";
import { type Outcome, runAll } from "./vitest.js";

interface Env {
  readonly QUEUES: { getByName(name: string): { fetch(request: Request): Promise<Response> } };
}

export class Queues {
  readonly storage: DurableObjectStorage;
  constructor(context: { readonly storage: DurableObjectStorage }) {
    this.storage = context.storage;
  }

  async fetch(request: Request): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case "/contract":
        return Response.json(await this.runContract());
      case "/write":
        return this.write();
      default:
        return Response.json(await find(createSqliteStore({ driver: createDurableObjectDriver(this.storage) })));
    }
  }

  async runContract(): Promise<Outcome[]> {
    const harness = createSqliteHarness("disk", (file) => besideOthers(this.storage, file));
    describeLogStore("SQLite in a Durable Object", harness);
    describeRows(harness);
    describeObject((file) => besideOthers(this.storage, file));
    return runAll();
  }

  /** Answers with a line for each confirmation, until it is killed. */
  write(): Response {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const lines = writable.getWriter();
    const encoder = new TextEncoder();
    const store = createSqliteStore({ driver: createDurableObjectDriver(this.storage) });
    void writeForever(store, (said) => lines.write(encoder.encode(`${JSON.stringify(said)}\n`))).catch((cause) =>
      lines.abort(cause),
    );
    return new Response(readable);
  }
}

/** An object has one database: each disk has tables of its own in it. */
function besideOthers(storage: DurableObjectStorage, file: string): SqliteDriver {
  const own = (text: string) => text.replaceAll("originmq_", `${file.replaceAll(/\W/g, "_")}_`);
  return createDurableObjectDriver({
    sql: { exec: (text, ...values) => storage.sql.exec(own(text), ...values) },
    transactionSync: (body) => storage.transactionSync(body),
  });
}

export default {
  fetch: (request: Request, env: Env): Promise<Response> =>
    env.QUEUES.getByName(new URL(request.url).searchParams.get("object") ?? "contract").fetch(request),
};
