// `npm run torture -- --minutes N [--markdown FILE] [--only FAULT] [--encrypted true]`: load and faults for so long, then the checker's
// verdict. Exit code 0 only if valid.

import { ensureBrowser } from "../find-browser.mjs";
import { playwright, torture } from "../runner/torture.mjs";

torture(playwright("test/torture/playwright.config.ts"), {
  takes: ["markdown", "only", "encrypted"],
  env: () => ({ ORIGINMQ_CHROMIUM: ensureBrowser().path }),
});
