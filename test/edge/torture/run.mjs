// `npm run torture:edge -- --minutes N [--markdown FILE]`: devices and a server under load and faults for so long, then the
// checker's verdict. Exit code 0 only if valid.

import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ensureBrowser } from "../../find-browser.mjs";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, markdown: { type: "string" } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`--minutes must be a number above 0, not "${values.minutes}".`);
  process.exitCode = 2;
} else {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  const env = {
    ...process.env,
    ORIGINMQ_CHROMIUM: ensureBrowser().path,
    ORIGINMQ_TORTURE_MINUTES: String(minutes),
    ...(values.markdown !== undefined && { ORIGINMQ_TORTURE_MARKDOWN: resolve(values.markdown) }),
  };
  const args = ["node_modules/@playwright/test/cli.js", "test", "--config", "test/edge/torture/playwright.config.ts"];
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: "inherit" });
  child.once("exit", (code) => {
    process.exitCode = code ?? 1;
  });
}
