// Databases in files of a folder, each opened by as many connections as there are stores on it.

import { encode } from "../../src/codec/codec.js";
import type { SqliteDriver } from "../../src/store/sqlite/driver.js";
import {
  addBlob,
  BATCHES,
  type BlobTable,
  CHECKPOINT,
  chunkKey,
  createTables,
  deleteBlobs,
  JOURNAL,
  KEY_MAX,
  keysAfter,
  readMeta,
  writeEpoch,
  writePointer,
} from "../../src/store/sqlite/schema.js";
import { createSqliteStore } from "../../src/store/sqlite/sqlite.js";
import type { StoreHarness, TestDisk } from "./log-store.contract.js";
import type { RawDatabase } from "./raw-database.js";

export interface SqliteDisk extends TestDisk {
  readonly file: string;
  /** Past the store: for damage, and for looking. */
  driver(): SqliteDriver;
}

export interface SqliteHarness extends StoreHarness {
  createDisk(): SqliteDisk;
}

const TABLES: Readonly<Record<RawDatabase["records"][number]["store"], BlobTable>> = {
  journal: JOURNAL,
  bodies: BATCHES,
  checkpoint: CHECKPOINT,
};

export function createSqliteHarness(folder: string, open: (file: string) => SqliteDriver): SqliteHarness {
  let count = 0;
  const opened: { close(): unknown }[] = [];
  return {
    storesBytes: true,
    createDisk() {
      const file = `${folder}/${++count}.db`;
      let own: SqliteDriver | undefined;
      const driver = (): SqliteDriver => {
        if (own !== undefined) return own;
        own = open(file);
        opened.push(own);
        return own;
      };
      return {
        ...createDisk(driver),
        file,
        driver,
        store(onStep) {
          const store = createSqliteStore({ driver: open(file), ...(onStep && { onStep }) });
          opened.push(store);
          return store;
        },
      };
    },
    async dispose() {
      for (const open of opened.splice(0)) await open.close();
    },
  };
}

function createDisk(driver: () => SqliteDriver): Omit<TestDisk, "store"> {
  const write = (body: (driver: SqliteDriver) => void) =>
    driver().transaction("relaxed", () => {
      createTables(driver());
      body(driver());
    });
  const setFormat = ({ major, minor }: RawDatabase["format"]) =>
    driver().run("UPDATE originmq_meta SET major = ?, minor = ?", major, minor);
  return {
    async restore({ format, epoch, pointer, records }) {
      write((driver) => {
        writeEpoch(driver, epoch);
        writePointer(driver, pointer);
        setFormat(format);
        for (const { store, key, value } of records)
          addBlob(driver, TABLES[store], typeof key === "number" ? key : chunkKey(...key), encode(value));
      });
    },
    async keepOne(when) {
      write((driver) => {
        const { generation, uptoLsn } = readMeta(driver).pointer;
        deleteBlobs(driver, CHECKPOINT, 0, chunkKey(generation, 0) - 1);
        if (when === "checkpoint") deleteBlobs(driver, JOURNAL, 0, uptoLsn);
      });
    },
    async setFormat(format) {
      write(() => setFormat(format));
    },
    async dump() {
      const keysOf = (table: BlobTable) => keysAfter(driver(), table, -1, KEY_MAX);
      const [format] = driver().all("SELECT major, minor FROM originmq_meta");
      const [meta] = driver().all("SELECT epoch FROM originmq_meta");
      return {
        journal: keysOf(JOURNAL),
        bodies: keysOf(BATCHES),
        chunks: keysOf(CHECKPOINT).length,
        epoch: Number(meta?.epoch),
        trials: 0,
        format: { ...format },
      };
    },
  };
}
