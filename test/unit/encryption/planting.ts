// Words planted everywhere that a user may write something, for tests that look where they are found again.

import type { Connection, Delivery } from "../../../src/index.js";

const PLACES = [
  ...["body", "batched", "headerName", "headerText", "group", "deduplication", "errorName", "errorText", "retryReason"],
  ...["deadReason", "replaced", "replacedDead", "deadBody", "scheduled", "scheduledHeader", "scheduledGroup", "asked"],
  ...["answered", "progressed", "published", "publishedHeader", "publishedGroup", "transacted", "acknowledgedWith"],
] as const;

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

type Place = (typeof PLACES)[number];

/**
 * The same in every process, and unlike every other: what compresses finds nothing in it that came before, and stores it as it is.
 */
function wordAt(place: Place, set: string): string {
  let state = [...set, ...place].reduce(
    (hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193),
    0x811c9dc5,
  );
  const next = () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return LETTERS[((state ^ (state >>> 13)) >>> 0) % LETTERS.length];
  };
  return Array.from({ length: 24 }, next).join("");
}

/** The words that `plant` has planted, of that set. */
export const plantedOf = (set: string): string[] => PLACES.map((place) => wordAt(place, set));

/** Where something may be written while a key is waited for. */
const LOCKED_PLACES = [
  ...(["body", "batched", "headerName", "headerText", "scheduled", "scheduledHeader"] as const),
  ...(["published", "publishedHeader", "transacted"] as const),
] as const satisfies readonly Place[];

/** The words that `plantWhileLocked` has planted, of that set. */
export const plantedWhileLocked = (set: string): string[] => LOCKED_PLACES.map((place) => wordAt(place, set));

/** Uses all of the API that takes texts, over a connection; everything that is planted waits or has died in the end, or was answered. */
export async function plant(connection: Connection, set: string): Promise<void> {
  const word = (place: Place) => wordAt(place, set);
  const letters = await connection.openQueue<unknown>("letters", { backoff: { baseMs: 60_000, jitter: "none" } });
  const others = await connection.openQueue<unknown>("others");
  const all = await (await connection.openTopic("news")).subscription("all");

  await letters.send({ text: word("body") }, { groupId: word("group"), deduplicationId: word("deduplication") });
  await letters.isGroupWaiting(word("group"));
  const take = async () => ((await letters.receive({ waitMs: 5_000 })) as [Delivery])[0];
  await (await take()).ack({ send: [{ queue: "others", body: word("acknowledgedWith") }] });

  await letters.send("dies", { headers: { [word("headerName")]: word("headerText") } });
  await (await take()).deadLetter(word("deadReason"));
  await letters.deadLetters.redrive({ filter: { reason: word("deadReason") } });
  await (await take()).deadLetter(word("deadReason"));
  await letters.deadLetters.list();

  await letters.sendBatch([{ body: word("batched") }]);
  const thrown = Object.assign(new Error(word("errorText")), { name: word("errorName") });
  const seen = new Promise<void>((resolve) => {
    const consumer = letters.consume(() => {
      resolve(consumer.stop());
      throw thrown;
    });
  });
  await seen;
  const { id } = await letters.send("replaced", { delayMs: 60_000 });
  await letters.replace(id, word("replaced"));
  await letters.send(word("deadBody"));
  await (await take()).retry({ reason: word("retryReason") });
  const dying = await letters.send("dies, too");
  await (await take()).deadLetter("no");
  await letters.deadLetters.replace(dying.id, word("replacedDead"));

  await letters.schedules.upsert("hourly", { everyMs: 3_600_000 }, word("scheduled"), {
    headers: { about: word("scheduledHeader") },
    groupId: word("scheduledGroup"),
  });
  await letters.schedules.list();

  const answering = others.consume(async ({ body, progress }) => {
    if (body === word("asked")) await progress(word("progressed"));
    return word("answered");
  });
  await others.request(word("asked"));
  await answering.stop();

  const topic = await connection.openTopic("news");
  await topic.publish(word("published"), {
    headers: { about: word("publishedHeader") },
    groupId: word("publishedGroup"),
  });
  await all.peek();
  await connection.transaction((tx) => tx.send(others, word("transacted")));
  await others.peek();
}

/** Uses all of the API that takes texts while a key is waited for, where `plant` was before. */
export async function plantWhileLocked(connection: Connection, set: string): Promise<void> {
  const word = (place: (typeof LOCKED_PLACES)[number]) => wordAt(place, set);
  const letters = await connection.openQueue<unknown>("letters");
  await letters.send({ text: word("body") }, { headers: { [word("headerName")]: word("headerText") } });
  await letters.sendBatch([{ body: word("batched") }]);
  await letters.schedules.upsert("weekly", { everyMs: 604_800_000 }, word("scheduled"), {
    headers: { about: word("scheduledHeader") },
  });
  const topic = await connection.openTopic("news");
  await topic.publish(word("published"), { headers: { about: word("publishedHeader") } });
  await connection.transaction((tx) => tx.send("letters", word("transacted")));
}
