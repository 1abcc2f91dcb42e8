// What crosses between an encrypting client and its host, whichever way, and what the host announces: none of it says what
// its users wrote.

import { afterEach, expect, test, vi } from "vitest";
import { connect, type Encryption } from "../../../src/index.js";
import { never, paired } from "./asking.js";
import { plant, plantedOf, plantedWhileLocked, plantWhileLocked } from "./planting.js";

const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);

const PLANTED = plantedOf("");

/** Everything of a message, bytes as letters. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (part instanceof Uint8Array ? String.fromCharCode(...part) : part)) ?? "";

/** Notes all that is posted from now on. */
function hear(): () => string {
  vi.restoreAllMocks();
  const heard: string[] = [];
  for (const sender of [MessagePort, BroadcastChannel]) {
    const post = sender.prototype.postMessage;
    vi.spyOn(sender.prototype, "postMessage").mockImplementation(function (this: MessagePort, ...posted: unknown[]) {
      heard.push(textOf(posted[0]));
      return post.apply(this, posted as never);
    });
  }
  return () => heard.join("\n");
}

async function foundOnTheWay(encryption: Encryption | undefined): Promise<string[]> {
  const heard = hear();
  const database = `hidden-${encryption === undefined}`;
  const connection = await connect({ storage: "memory", database, ...(encryption && { encryption }) });
  await plant(connection, "");
  await connection.close({ force: true });
  const all = heard();
  return PLANTED.filter((word) => all.includes(word));
}

/** Of a database that is locked, or not encrypted. */
async function foundWhileLocked(isEncrypted: boolean): Promise<string[]> {
  const where = { storage: "memory", database: `hidden-locked-${isEncrypted}` } as const;
  const first = await connect({ ...where, ...(isEncrypted && { encryption: paired(() => key) }) });
  await plant(first, "");
  const heard = hear();
  const connection = await connect({ ...where, ...(isEncrypted && { encryption: paired(never) }) });
  await plantWhileLocked(connection, "locked");
  for (const one of [connection, first]) await one.close({ force: true });
  const all = heard();
  return plantedWhileLocked("locked").filter((word) => all.includes(word));
}

afterEach(() => vi.restoreAllMocks());

test("no word that a user writes crosses to the host of an encrypted database, or comes from it", async () => {
  expect(await foundOnTheWay({ key })).toEqual([]);
});

test("nor one that is sent while the key is waited for", async () => {
  expect(await foundWhileLocked(true)).toEqual([]);
});

test("all of them do without encryption: so they would be found", async () => {
  expect(await foundOnTheWay(undefined)).toEqual(PLANTED);
  expect(await foundWhileLocked(false)).toEqual(plantedWhileLocked("locked"));
});
