// Puts the server of the field notes, and the page's service worker, behind whatever Vite serves: `npm start`, `npm run dev`.

import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { createNotesServer } from "./notes-server.mjs";

const WORKER = "field-notes-worker.js";

const PAGE = "field-notes.html";

/**
 * The files of the page: it, what is named in it, and what is named in those.
 * @param {import("vite").Rolldown.OutputBundle} bundle
 */
function shellOf(bundle) {
  const shell = new Set([PAGE]);
  for (const name of shell) {
    const file = bundle[name];
    const text = file?.type === "chunk" ? file.code : file?.source;
    if (typeof text !== "string") continue;
    for (const other of Object.keys(bundle)) {
      if (!/\.(html|map)$/.test(other) && text.includes(basename(other))) shell.add(other);
    }
  }
  return [...shell];
}

/**
 * The service worker in one classic script: not every browser starts modules as service workers.
 * @param {readonly string[]} shell
 */
async function bundleWorker(shell) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../field-notes/service-worker.ts", import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    legalComments: "none",
    // Only pages start workers from addresses beside the script.
    define: { "import.meta.url": "self.location.href", SHELL_FILES: JSON.stringify(shell) },
  });
  return outputFiles[0]?.text ?? "";
}

/** @returns {import("vite").Plugin} */
export function fieldNotes() {
  const notes = createNotesServer({ print: (line) => console.log(`  field notes: ${line}`) });
  /** @type {import("vite").Connect.NextHandleFunction} */
  const handle = (request, response, next) => {
    if (!notes.handle(request, response)) next();
  };
  return {
    name: "field-notes",
    configurePreviewServer({ middlewares }) {
      middlewares.use(handle);
    },
    configureServer({ middlewares }) {
      middlewares.use(handle);
      middlewares.use(`/${WORKER}`, (_request, response, next) => {
        bundleWorker([]).then((script) => {
          response.setHeader("content-type", "text/javascript; charset=utf-8");
          response.end(script);
        }, next);
      });
    },
    generateBundle: {
      // The pages are written last.
      order: "post",
      async handler(_options, bundle) {
        this.emitFile({ type: "asset", fileName: WORKER, source: await bundleWorker(shellOf(bundle)) });
      },
    },
  };
}
