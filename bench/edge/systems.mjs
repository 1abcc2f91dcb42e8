// The systems that cases measure, each its processes.

import { rmSync } from "node:fs";

/** @typedef {import("./lab.mjs").Lab} Lab */
/** @typedef {import("./process.mjs").Program} Program */
/** @typedef {{ producer: Program, consumer: Program }} Clients */

const TOKEN = "bench";

/** @param {Lab} lab @param {string} url @returns {Promise<Clients>} */
async function clientsOf(lab, url) {
  const [producer, consumer] = await Promise.all([lab.start("client"), lab.start("client")]);
  await Promise.all([producer, consumer].map((client) => client.ask("connect", { url, token: TOKEN })));
  return { producer, consumer };
}

/** A server in Node and two clients, each in a process of its own. @param {Lab} lab */
export const server = (lab) =>
  lab.shared("server", async () => {
    const program = await lab.start("server");
    const url = await program.ask("start", { directory: lab.path("databases") });
    return { program, ...(await clientsOf(lab, `${url}/mq/bench`)) };
  });

/** The same two over a Durable Object. @param {Lab} lab */
export const object = (lab) =>
  lab.shared("object", async () => clientsOf(lab, `${(await lab.startWorkerd()).url}/mq/bench`));

/** So many clients of the server, in two processes, and one that handles what they send. @param {Lab} lab @param {number} count */
export const crowd = (lab, count) =>
  lab.shared("crowd", async () => {
    const program = await lab.start("server");
    const url = `${await program.ask("start", { directory: lab.path("crowd") })}/mq/bench`;
    const holders = await Promise.all([lab.start("crowd"), lab.start("crowd")]);
    await Promise.all(holders.map((one) => one.ask("open", { url, token: TOKEN, count: count / holders.length })));
    const consumer = await lab.start("client");
    await consumer.ask("connect", { url, token: TOKEN });
    await consumer.ask("consume", { queue: "crowd" });
    return { program, holders };
  });

/** @param {Lab} lab */
export const bullmq = (lab) =>
  lab.shared("bullmq", async () => {
    const port = await lab.startRedis();
    const [producer, worker] = await Promise.all([lab.start("bullmq"), lab.start("bullmq")]);
    await producer.ask("produce", { port });
    await worker.ask("work", { port });
    return { producer, worker };
  });

/** @param {Lab} lab @param {"plainjob" | "bunqueue"} name */
export const inBun = (lab, name) =>
  lab.shared(name, async () => {
    const program = await lab.startInBun(name);
    await program.ask("open", { file: lab.path(`${name}.db`) });
    return program;
  });

/** @param {Lab} lab */
export const rawLog = (lab) =>
  lab.shared("raw-log", async () => {
    const program = await lab.start("raw-log");
    await program.ask("open", { file: lab.path("raw-log.sqlite") });
    return program;
  });

/** A bare socket server and two of its clients. @param {Lab} lab */
export const relay = (lab) =>
  lab.shared("relay", async () => {
    const [program, ...clients] = await Promise.all([lab.start("relay"), lab.start("relay"), lab.start("relay")]);
    const url = await program.ask("serve", { file: lab.path("relay.sqlite") });
    for (const client of clients) await client.ask("connect", { url });
    const [from, to] = /** @type {[Program, Program]} */ (clients);
    return { from, to };
  });

/**
 * A server and the programs that hold its connections, for one measurement.
 * @param {Lab} lab @param {number} holders
 */
export async function idleServer(lab, holders) {
  const directory = lab.path("idle");
  const program = await lab.start("server", ["--expose-gc"]);
  const url = await program.ask("start", { directory });
  const clients = await Promise.all(Array.from({ length: holders }, () => lab.start("idle")));
  return {
    program,
    directory,
    clients,
    url: `${url}/mq/idle`,
    async end() {
      await Promise.all(clients.map((one) => one.end()));
      await program.end();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
