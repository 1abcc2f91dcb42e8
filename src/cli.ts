#!/usr/bin/env node
// The command `originmq`.

import { run } from "./server/command-line.js";

await run();
