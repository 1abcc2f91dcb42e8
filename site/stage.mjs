// What the site is built from, gathered in one folder: the pages of docs/, the API reference, the package itself for the
// playground, and llms.txt. Invariant: docs/ stays what people write and forges show; whatever is made lies in site/.pages.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { Application, TSConfigReader } from "typedoc";
import { buildStandaloneInto } from "../scripts/build.mjs";
import { ROOT } from "../scripts/package-layout.mjs";
import { llmsFull, llmsIndex } from "./llms.mjs";
import { changeLinks, titleOf } from "./markdown.mjs";
import { decisions, entryPoints, PAGES } from "./sections.mjs";

/** Pages that lie elsewhere in the repository. @type {Readonly<Record<string, string>>} */
const ELSEWHERE = {
  "CHANGELOG.md": "changelog.md",
  "CONTRIBUTING.md": "contributing.md",
  "SECURITY.md": "security.md",
};
/** Where links lead that are none to a page of docs/. @type {Readonly<Record<string, string>>} */
const PLACES = { ...ELSEWHERE, "README.md": "index.md", "docs/decisions": "decisions/index.md" };

const read = (/** @type {string} */ path) => readFileSync(join(ROOT, path), "utf8");
/** @param {string} path @param {string} text */
function write(path, text) {
  mkdirSync(dirname(join(PAGES, path)), { recursive: true });
  writeFileSync(join(PAGES, path), text);
}

/** Fills `PAGES` anew. */
export async function stage() {
  rmSync(PAGES, { recursive: true, force: true });
  for (const file of readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })) {
    const path = file.replaceAll("\\", "/");
    if (path.endsWith(".md")) write(path, asPage(`docs/${path}`, read(`docs/${path}`)));
  }
  cpSync(join(ROOT, "docs/images"), join(PAGES, "images"), { recursive: true });
  for (const [file, page] of Object.entries(ELSEWHERE)) write(page, asPage(file, read(file)));
  write("decisions/index.md", decisionsPage());
  await buildStandaloneInto(join(PAGES, "public/originmq"));
  await writeReference();
  write("public/llms.txt", llmsIndex());
  write("public/llms-full.txt", llmsFull());
}

/**
 * Links from a page to pages lead on; what the site has not got, such as a test, is named by where it lies.
 * @param {string} path
 * @param {string} text
 */
function asPage(path, text) {
  return changeLinks(text, (name, to) => {
    const [file = "", anchor] = to.split("#");
    if (file === "" || /^[a-z]+:/.test(to)) return undefined;
    const target = posix.normalize(posix.join(posix.dirname(path), file));
    const page = PLACES[target] ?? (target.startsWith("docs/") ? target.slice("docs/".length) : undefined);
    // The README is this site's first page, but for what it says of the repository.
    if (page === undefined || (target === "README.md" && anchor)) return `${name} (\`${target}\` in the repository)`;
    return `[${name}](/${page}${anchor ? `#${anchor}` : ""})`;
  });
}

/** What typedoc makes of the docstrings: a page for each entry. */
async function writeReference() {
  const names = new Map(Object.entries(entryPoints()).map(([name, path]) => [path, name]));
  const app = await Application.bootstrapWithPlugins(
    {
      entryPoints: [...names.keys()].map((path) => join(ROOT, path)),
      tsconfig: join(ROOT, "tsconfig.json"),
      plugin: ["typedoc-plugin-markdown"],
      readme: "none",
      disableSources: true,
      excludePrivate: true,
      excludeExternals: true,
      excludeInternal: true,
      logLevel: "Error",
      outputs: [{ name: "markdown", path: join(PAGES, "api") }],
      // Of the markdown plugin, whose options typedoc does not know the types of.
      ...{
        outputFileStrategy: "modules",
        hidePageHeader: true,
        hideBreadcrumbs: true,
        entryFileName: "index",
        // Its own count of headings that are alike differs from VitePress's.
        useCustomAnchors: true,
        useCodeBlocks: true,
        parametersFormat: "table",
        interfacePropertiesFormat: "table",
        classPropertiesFormat: "table",
        typeDeclarationFormat: "table",
        propertyMembersFormat: "table",
        tableColumnSettings: { hideSources: true, hideInherited: true, hideOverrides: true, hideModifiers: true },
      },
    },
    [new TSConfigReader()],
  );
  const project = await app.convert();
  if (!project) throw new Error("typedoc could not read src/.");
  for (const module of project.children ?? []) module.name = names.get(`src/${module.name}.ts`) ?? module.name;
  await app.generateOutputs(project);
}

function decisionsPage() {
  const lines = decisions().map((file) => `- [${titleOf(read(`docs/decisions/${file}`))}](${file})`);
  return `# Decisions\n\nWhat may be questioned later: its context, what was chosen, what was measured.\n\n${lines.join("\n")}\n`;
}
