// Where the databases of a server lie. Invariant: each has a file of its own, whatever it is called and whatever the file
// system takes for the same name; one process has it open.

import { QueueError } from "../core/spec/errors.js";
import type { LogStore } from "../store/log-store.js";
import { createMemoryDisk, createMemoryStore, type MemoryDisk } from "../store/memory/memory.js";
import { loadSqlite } from "../store/sqlite/drivers/open-driver.js";
import { claimOf, openSqliteStore } from "../store/sqlite/open-store.js";
import { type FileSystem, makeDirectory, nodeModule, OWN_FILE } from "./node.js";

/** File systems take 255 bytes; beside the file lie others, whose names are longer. */
const FILE_NAME_MAX = 200;

const SUFFIX = ".sqlite";

export interface Stores {
  open(database: string): Promise<LogStore>;
  /** Databases that were there before, from an earlier server. Throws where the directory cannot be read. */
  found(): readonly string[];
}

/**
 * A store for each database: a file of SQLite in the directory, or in memory without one. Rejects with `unsupported` where
 * there is no SQLite.
 */
export async function storesIn(directory: string | undefined): Promise<Stores> {
  if (directory === undefined) return storesInMemory();
  await loadSqlite();
  const { readdirSync, writeFileSync } = nodeModule<FileSystem>("node:fs");
  makeDirectory(directory);
  /** As a file of its own, before SQLite makes it one of everybody's; those that it makes beside it are like it. */
  const makeOwn = (file: string) => {
    try {
      writeFileSync(file, "", { mode: OWN_FILE, flag: "wx" });
    } catch {
      // It is there, or SQLite says what is wrong.
    }
  };
  return {
    async open(database) {
      const name = fileNameOf(database);
      if (name.length > FILE_NAME_MAX)
        throw new QueueError(
          "invalid-argument",
          `the name of a database has ${FILE_NAME_MAX} characters at most; each that is no small letter, digit, "-" or "_" counts as three or more`,
        );
      const file = `${directory}/${name}${SUFFIX}`;
      makeOwn(claimOf(file));
      makeOwn(file);
      return openSqliteStore(file);
    },
    found: () => databasesAmong(readdirSync(directory)),
  };
}

/** What is in memory stays there while its database is closed. */
function storesInMemory(): Stores {
  const disks = new Map<string, MemoryDisk>();
  return {
    async open(database) {
      const disk = disks.get(database) ?? createMemoryDisk();
      disks.set(database, disk);
      return createMemoryStore({ disk });
    },
    found: () => [],
  };
}

/** Those of which a server has had the file open. Another file of SQLite is somebody else's, until a client asks for it. */
export function databasesAmong(files: readonly string[]): string[] {
  const all = new Set(files);
  return files.flatMap((file) => {
    if (!file.endsWith(SUFFIX) || !all.has(claimOf(file))) return [];
    const name = file.slice(0, -SUFFIX.length);
    const database = decoded(name);
    return database !== undefined && fileNameOf(database) === name ? [database] : [];
  });
}

function decoded(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

/** "Shop" and "shop" are one file on some systems, and some characters mean something to others. */
export const fileNameOf = (database: string): string =>
  encodeURIComponent(database).replace(/%..|[^a-z0-9_-]/g, (one) =>
    one.length === 3 ? one.toLowerCase() : `%${one.charCodeAt(0).toString(16)}`,
  );
