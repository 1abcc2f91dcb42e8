// Finds the brokers that bridges are tested against, and installs what is missing where that is allowed; kcat has a cluster of
// Kafka's in it. Order: ORIGINMQ_NATS_SERVER, and so on, the system's, an installation with apt-get.

import { delimiter, join } from "node:path";
import { INSTALL_TIMEOUT_MS, install, isDebian, isExecutable } from "../installing.mjs";

/** @typedef {"nats-server" | "mosquitto" | "kcat" | "rabbitmq-server"} BrokerName */

/** A broker cannot be had. The message is one sentence that says what to install. */
export class BrokerMissing extends Error {}

/** Where distributions put servers, which are not in everyone's PATH. */
const FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

/** @param {readonly string[]} args */
const apt = (...args) => install("apt-get", args, INSTALL_TIMEOUT_MS);

/** @param {BrokerName} name */
const variableOf = (name) => `ORIGINMQ_${name.toUpperCase().replace("-", "_")}`;

/**
 * The path of a broker; `undefined` where there is none. Installs nothing.
 * @param {BrokerName} name
 * @param {Record<string, string | undefined>} [env]
 * @throws {BrokerMissing} if the environment names something that cannot be run
 */
export function findBroker(name, env = process.env) {
  const named = env[variableOf(name)];
  if (named) {
    if (isExecutable(named)) return named;
    throw new BrokerMissing(`${variableOf(name)} is "${named}", which is not an executable file.`);
  }
  const folders = [...(env.PATH ?? "").split(delimiter).filter(Boolean), ...FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/**
 * The path of a broker, or else of the one that it installs, saying so first.
 * @param {BrokerName} name
 * @param {Record<string, string | undefined>} [env]
 * @returns {string}
 * @throws {BrokerMissing} if there is none and none can or may be installed
 */
export function ensureBroker(name, env = process.env) {
  const found = findBroker(name, env);
  if (found) return found;
  const advice = `install ${name}, or set ${variableOf(name)} to the path of one`;
  if (env.ORIGINMQ_INSTALL_BROKER === "0") {
    throw new BrokerMissing(`No ${name} found and ORIGINMQ_INSTALL_BROKER=0 forbids installing one: ${advice}.`);
  }
  if (process.getuid?.() === 0 && isDebian()) {
    console.log(`No ${name} found. Installing Debian's with apt-get (ORIGINMQ_INSTALL_BROKER=0 forbids this).`);
    if (apt("update") && apt("install", "-y", "--no-install-recommends", name)) {
      const installed = findBroker(name, env);
      if (installed) return installed;
    }
  }
  throw new BrokerMissing(`No ${name} found and none could be installed: ${advice}.`);
}
