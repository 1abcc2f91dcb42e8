// `npm run torture:bridge -- --minutes N`: bridges to a JetStream server under load and faults for so long, then the
// checker's verdict. Exit code 0 only if valid.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`--minutes must be a number above 0, not "${values.minutes}".`);
  process.exitCode = 2;
} else {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  const env = { ...process.env, ORIGINMQ_TORTURE_MINUTES: String(minutes) };
  const args = ["node_modules/vitest/vitest.mjs", "run", "--project", "bridge-torture"];
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: "inherit" });
  child.once("exit", (code) => {
    process.exitCode = code ?? 1;
  });
}
