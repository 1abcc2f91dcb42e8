// A page that plants words in databases: in one that is not encrypted; in one that is, unlocked and while it is locked; and in one
// that holds something by the time it is encrypted, before and after.

import { type AskedKey, connect } from "../../../src/index.js";
import { plant, plantWhileLocked } from "../../unit/encryption/planting.js";

declare global {
  var plantWords: (database: "plain" | "encrypted" | "turned") => Promise<void>;
  /** Writes so many MiB to what was turned, and takes them out again. */
  var writeOver: (mebibytes: number) => Promise<void>;
}

const keyMade = crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
const paired = (key: () => AskedKey | Promise<AskedKey>) => ({ key, whileLocked: "send" }) as const;

globalThis.plantWords = async (database) => {
  const key = await keyMade;
  if (database !== "encrypted") {
    const plain = await connect({ database });
    await plant(plain, database === "plain" ? "plain" : "before");
    await plain.close();
  }
  if (database === "plain") return;
  const connection = await connect({ database, encryption: paired(() => key) });
  for (const { name } of await connection.queues()) await connection.encrypt(name);
  await plant(connection, database);
  const locked = await connect({ database, encryption: paired(() => new Promise<never>(() => {})) });
  await plantWhileLocked(locked, `${database}, locked`);
  for (const one of [locked, connection]) await one.close();
};

/** What Chromium stores beside others of its kind: larger records have files of their own. */
const RECORD_BYTES = 49_152;

globalThis.writeOver = async (mebibytes) => {
  const connection = await connect({ database: "turned" });
  const queue = await connection.openQueue<Uint8Array>("noise");
  for (let bytes = 0; bytes < mebibytes * 2 ** 20; bytes += RECORD_BYTES) {
    await queue.send(crypto.getRandomValues(new Uint8Array(RECORD_BYTES)));
    await queue.consumeUntilEmpty(() => {});
  }
  await connection.close();
};
