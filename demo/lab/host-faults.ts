// What can happen to the host and to its database.

import { count, duration, plural } from "../format.js";
import { type Lab, since, times } from "./lab.js";
import { DATABASE, HOST_CHANNEL, type HostObeys, type HostOrder } from "./words.js";

export const STAND_STILL_MS = 3_000;
const ORDER_MS_MAX = 2_000;
const DATALOST_MS_MAX = 15_000;

/** Resolves when the host is about to do it; false when no host of this demo hears. */
function order(wanted: HostOrder): Promise<boolean> {
  const channel = new BroadcastChannel(HOST_CHANNEL);
  return new Promise((resolve) => {
    const end = (obeys: boolean) => {
      clearTimeout(timer);
      channel.close();
      resolve(obeys);
    };
    const timer = setTimeout(() => end(false), ORDER_MS_MAX);
    channel.addEventListener("message", ({ data }: MessageEvent<HostOrder | HostObeys>) => {
      if (data.type === "obeys" && data.id === wanted.id) end(true);
    });
    channel.postMessage(wanted);
  });
}

const DEAF = "Nobody took the order: the host is not the SharedWorker of this page. Nothing was done.";

export async function killHost(lab: Lab): Promise<void> {
  const before = lab.connection.host?.epoch;
  const numbers = await lab.send(times(20, "work"), 100);
  if (!(await order({ type: "close", id: crypto.randomUUID() }))) return lab.say(DEAF);
  const diedAt = performance.now();
  numbers.push(...(await lab.send(times(5, "work"), 100)));
  const after = lab.connection.host?.epoch;
  const answered = `The queue answered again after ${since(diedAt)}`;
  lab.say(
    after === before
      ? `The SharedWorker died, but it was not the host. ${answered}, still in term ${after ?? "?"}.`
      : `The host died with 20 messages to be handled. ${answered}: a new host, term ${after ?? "?"} after term ${before ?? "?"}.`,
  );
  await lab.conclude(numbers);
}

export async function holdHostUp(lab: Lab): Promise<void> {
  const before = lab.connection.host?.epoch;
  const numbers = await lab.send(times(10, "work"), 100);
  const id = crypto.randomUUID();
  if (!(await order({ type: "stand-still", id, ms: STAND_STILL_MS }))) return lab.say(DEAF);
  const stoodAt = performance.now();
  lab.say(`The host stands still for ${duration(STAND_STILL_MS)}. A send waits for it meanwhile.`);
  numbers.push(...(await lab.send(times(5, "work"), 100)));
  const after = lab.connection.host?.epoch;
  const who = after === before ? "the same host" : `another host, which took over in term ${after ?? "?"}`;
  lab.say(`The queue answered again after ${since(stoodAt)}: ${who}.`);
  await lab.conclude(numbers);
}

/** `onLost` gives the rest of the demo its settings back. */
export async function deleteDatabase(lab: Lab, onLost: () => Promise<void>): Promise<void> {
  // Nobody works, so that something waits that will be gone.
  await lab.crew.setPageActive(false);
  await lab.send(times(5, "work"), 100);
  const doomed = lab.ledger.open();
  const told = nextLoss(lab);
  await removeDatabase();
  const removedAt = performance.now();
  lab.say(`The database was deleted, and with it ${plural(doomed.length, "message")} of this lab.`);
  // The queue looks at its database when it has something to store.
  const numbers = await lab.send(times(3, "work"), 100);
  const loss = await told;
  if (loss) {
    lab.ledger.writeOff(doomed);
    const which = loss.ids.length > 0 ? `${count(loss.ids.length)} known by id` : "everything that was in it";
    lab.say(`The queue noticed, and said so ${since(removedAt)} later: datalost (${loss.reason}), ${which}.`);
  } else lab.say("The queue has not said that its data is gone.");
  await lab.queues.configure();
  await onLost();
  await lab.crew.setPageActive(true);
  await lab.conclude(numbers);
}

function nextLoss({ connection }: Lab) {
  type Loss = { readonly reason: string; readonly ids: readonly string[] };
  return new Promise<Loss | undefined>((resolve) => {
    const onLoss = ({ detail }: CustomEvent<Loss>) => end(detail);
    const end = (loss: Loss | undefined) => {
      clearTimeout(timer);
      connection.removeEventListener("datalost", onLoss);
      resolve(loss);
    };
    const timer = setTimeout(() => end(undefined), DATALOST_MS_MAX);
    connection.addEventListener("datalost", onLoss);
  });
}

function removeDatabase(): Promise<void> {
  const request = indexedDB.deleteDatabase(DATABASE);
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve());
    request.addEventListener("error", () => reject(request.error));
  });
}
