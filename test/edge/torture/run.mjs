// `npm run torture:edge -- --minutes N [--markdown FILE]`: devices and a server under load and faults for so long, then the
// checker's verdict. Exit code 0 only if valid.

import { ensureBrowser } from "../../find-browser.mjs";
import { playwright, torture } from "../../runner/torture.mjs";

torture(playwright("test/edge/torture/playwright.config.ts"), {
  takes: ["markdown"],
  env: () => ({ ORIGINMQ_CHROMIUM: ensureBrowser().path }),
});
