// Checks the file of a database whose server is not running. Invariant: without `repair` nothing of it is changed.

import type { Connection } from "../client/connection/connection.js";
import { QueueError } from "../core/spec/errors.js";
import { asFound, checkStored } from "../host/upkeep/check.js";
import type { CheckFault, CheckReport } from "../link/rpc/inspection.js";
import { loadSqlite } from "../store/sqlite/drivers/open-driver.js";
import { openSqliteStore } from "../store/sqlite/open-store.js";
import { isCreated } from "../store/sqlite/schema.js";
import { createDatabases } from "./databases.js";
import { connectHere } from "./local.js";
import { type FileSystem, nodeModule } from "./node.js";

export interface FileReport {
  readonly lines: readonly string[];
  /** Nothing was found, or all of it was mended. */
  readonly isSound: boolean;
}

export async function checkFile(file: string, isRepairing: boolean): Promise<FileReport> {
  if (!nodeModule<FileSystem>("node:fs").existsSync(file))
    throw new QueueError("invalid-argument", `there is no file ${file}`);
  const pages = await checkPages(file);
  const report = await (isRepairing ? repaired(file) : read(file));
  const { faults, queues, messages, batches, records } = report;
  const lines = [
    `${file}: ${queues} queues, ${messages} messages, ${batches} batches, ${records} records`,
    ...pages.map((line) => `sqlite: ${line}`),
    ...faults.map(({ kind, queue, message, ids = [], isRepaired }) =>
      [
        `${kind}: ${queue === undefined ? "" : `queue "${queue}": `}${message}`,
        ...(ids.length > 0 ? [`: ${ids.join(", ")}`] : []),
        ...(isRepaired ? [" (mended)"] : []),
      ].join(""),
    ),
  ];
  const isSound = pages.length === 0 && faults.every(({ isRepaired }) => isRepaired);
  if (pages.length === 0 && faults.length === 0) lines.push("nothing is wrong with it");
  return { lines, isSound };
}

/** What SQLite says of its own pages. Throws where the file is a database of something else. */
async function checkPages(file: string): Promise<readonly string[]> {
  const driver = (await loadSqlite())(file);
  try {
    if (!isCreated(driver)) throw new QueueError("invalid-argument", `${file} is no database of OriginMQ`);
    const said = driver.all("PRAGMA integrity_check").map((row) => String(Object.values(row)[0]));
    return said.filter((line) => line !== "ok");
  } finally {
    driver.close();
  }
}

async function read(file: string): Promise<CheckReport> {
  const store = await openSqliteStore(file);
  try {
    const { faults, ...counted } = await checkStored(store);
    return { ...counted, faults: faults.map(asFound) };
  } finally {
    await store.close();
  }
}

async function repaired(file: string): Promise<CheckReport> {
  const databases = createDatabases({ openStore: () => openSqliteStore(file), reconnectMs: 0, report() {} });
  try {
    const connection = await connectHere(() => databases.open(file));
    try {
      const lost = await lostByOpening(connection);
      const { faults, ...counted } = await connection.check({ repair: true });
      return { ...counted, faults: [...lost, ...faults] };
    } finally {
      await connection.close();
    }
  } finally {
    await databases.close();
  }
}

/** What the records of a journal held that could not be read: it went without them. */
async function lostByOpening(connection: Connection): Promise<CheckFault[]> {
  const lost: CheckFault[] = [];
  const message = "of records that cannot be read it is gone what they held";
  connection.addEventListener("datalost", ({ detail: { queue, ids } }) => {
    lost.push({ kind: "journal", message, ids, isRepaired: true, ...(queue !== undefined && { queue }) });
  });
  await connection.diagnostics();
  return [...lost];
}
