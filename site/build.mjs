// `npm run docs`: the site, into site/dist. With --serve: and serves it, on --port (7430) of this machine.

import { parseArgs } from "node:util";
import { build, serve } from "vitepress";
import { ROOT } from "../scripts/package-layout.mjs";
import { stage } from "./stage.mjs";

const { values } = parseArgs({
  options: {
    serve: { type: "boolean", default: false },
    built: { type: "boolean", default: false },
    port: { type: "string", default: "7430" },
  },
});

const SITE = `${ROOT}site`;
// With --built: what was built before is served.
if (!values.built) {
  await stage();
  await build(SITE);
}
if (values.serve) await serve({ root: SITE, port: Number(values.port), base: process.env.ORIGINMQ_DOCS_BASE ?? "/" });
