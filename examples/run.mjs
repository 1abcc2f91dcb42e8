// Runs an example with the package as it stands in this repository: `node examples/run.mjs node-worker [its arguments]`.
// In a project that has installed originmq it is `node worker.mjs`, or `npx wrangler dev`.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundleForNode } from "../scripts/bundle-for-node.mjs";
import { FORWARD, forwardClients } from "../scripts/runtimes.mjs";
import { startWorkerd } from "../scripts/workerd.mjs";
import { createFresh, npm } from "./fresh.mjs";

/** @type {Readonly<Record<string, (args: string[]) => Promise<void>>>} */
const EXAMPLES = {
  "node-worker": inNode("./node-worker/worker.mjs"),
  kitchen: inNode("./durable-object/kitchen.mjs"),
  "durable-object": runObject,
  forward: forwardTo,
  "react-form": asProject("react-form"),
  next: asProject("next"),
  pwa: asProject("pwa"),
  sveltekit: asProject("sveltekit"),
  extension: buildExtension,
};
const SYSTEMS = ["kafka", "sqs", "pubsub", "cloudflare-queues", "vercel-queues", "rabbitmq"];

const [name = "", ...args] = process.argv.slice(2);
const run = EXAMPLES[name];
if (run) await run(args);
else {
  console.error(`There is no example "${name}". There are: ${Object.keys(EXAMPLES).join(", ")}.`);
  process.exitCode = 2;
}

/** @param {string} entry @returns {(args: string[]) => Promise<void>} */
function inNode(entry) {
  return async (args) => {
    const address = await bundleForNode(fileURLToPath(new URL(entry, import.meta.url)));
    process.argv.splice(1, process.argv.length - 1, fileURLToPath(address), ...args);
    await import(address);
  };
}

/** @param {string[]} args the system, whose clients are installed once */
async function forwardTo([system = ""]) {
  if (!SYSTEMS.includes(system)) {
    console.error(`npm run example:forward -- SYSTEM, which is one of ${SYSTEMS.join(", ")}.`);
    process.exitCode = 2;
    return;
  }
  const external = forwardClients();
  await import(await bundleForNode(join(FORWARD, `${system}.mjs`), { at: FORWARD, external }));
}

/** Copied, installed and built; the folder stays. */
async function buildExtension() {
  const project = await createFresh("extension", mkdtempSync(join(tmpdir(), "originmq-example-")));
  await npm(project, ["run", "build"]).ended;
  console.log(join(project, "dist"));
}

/** Copied, installed and started, with the package as it stands here. @param {string} example */
function asProject(example) {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), "originmq-example-"));
    try {
      const { ended, end } = npm(await createFresh(example, folder), ["start"]);
      for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, end);
      await ended;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

/** What is stored goes when it ends. @param {string[]} args */
async function runObject(args) {
  const { values } = parseArgs({ args, options: { port: { type: "string", default: "8787" } } });
  const variables = { TOKEN_SECRET: secret(), KITCHEN_KEY: secret() };
  const workerd = await startWorkerd("examples/durable-object/worker.mjs", {
    port: Number(values.port),
    alias: { "originmq/durable-object": "./src/durable-object.ts" },
    variables,
  });
  console.log(`the Worker is at ${workerd.httpUrl}\nKITCHEN_KEY=${variables.KITCHEN_KEY}`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, workerd.close);
}

function secret() {
  return randomBytes(24).toString("base64url");
}
