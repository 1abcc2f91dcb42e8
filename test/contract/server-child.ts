// A server in a process of its own, to be killed. It says its address on its output once it listens.

import { serve } from "../../src/server.js";

const [directory = "", port = "0"] = process.argv.slice(2);
const server = await serve({ directory, port: Number(port), reconnectMs: 1_000 });
process.stdout.write(`${server.url}\n`);
