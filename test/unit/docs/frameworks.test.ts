// docs/frameworks.md, its types. That its components work is seen in test/frameworks, in browsers.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { slugOf } from "../../../site/markdown.mjs";
import { COMMANDS_S, PROMISED_S, toPaste, writtenRows } from "../../frameworks/minutes.js";
import { FIRST_SCREEN, FRAMEWORKS, type Framework, SECTIONS, STORE } from "../../frameworks/samples.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** Within the repository, for its packages. */
const FOLDER = join(ROOT, "test/frameworks/written/types");
const LANGUAGES = ["sh", "ts", "tsx", "vue", "svelte"];

afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

/** Of a component that is no module, its script; what it names is used by its template. */
const scriptOf = (code: string) => /<script[^>]*>\n([\s\S]*?)<\/script>/.exec(code)?.[1] ?? code;

test("every block of code is of a language that is compiled, or a command that is run", () => {
  const blocks = [...SECTIONS.values()].flat();
  expect(blocks.length).toBeGreaterThan(12);
  expect(blocks.map(({ language }) => language).filter((language) => !LANGUAGES.includes(language))).toEqual([]);
});

test("every sample compiles against the public types and those of its framework", { timeout: 60_000 }, () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const files = new Set<string>();
  const write = (name: string, code: string) => {
    writeFileSync(join(FOLDER, name), code);
    files.add(name);
  };
  write("orders.ts", STORE);
  const samples = new Set<string>([STORE]);
  for (const [heading, blocks] of SECTIONS) {
    for (const [index, { language, code }] of blocks.entries()) {
      if (language === "sh" || samples.has(code)) continue;
      const name = code.includes("createHttpOutboxStore")
        ? "saves"
        : `${heading.toLowerCase().replaceAll(" ", "-")}-${index}`;
      const pragma =
        language === "tsx" ? `/** @jsxImportSource ${heading === "Solid" ? "solid-js" : "react"} */\n` : "";
      // What changes a line of a sample that stands above is shown with what is above.
      const above = code.includes("Order>") && !code.includes("interface Order") ? IMPORTS_OF_STORE : "";
      write(`${name}.${language === "tsx" ? "tsx" : "ts"}`, `${pragma}${above}${scriptOf(code)}`);
    }
  }
  expect(files.size).toBeGreaterThan(9);
  const compilerOptions = {
    jsx: "react-jsx",
    experimentalDecorators: true,
    // Of components only the script is compiled here.
    noUnusedLocals: false,
    paths: { originmq: [join(ROOT, "src/index.ts")], "originmq/*": [join(ROOT, "src/*.ts")] },
  };
  const project = join(FOLDER, "tsconfig.json");
  writeFileSync(project, JSON.stringify({ extends: join(ROOT, "tsconfig.json"), compilerOptions, include: ["."] }));
  // The compiler that does it in a fifth of the time, as in `npm run check`.
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript7/package.json")), "bin/tsc");
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", project], { encoding: "utf8" });
  expect(stdout).toBe("");
});

const IMPORTS_OF_STORE = `import { openQueue } from "originmq";
import { createQueueStore } from "originmq/store";
import type { Order } from "./orders";
`;

test("the page names what the bindings export, and the README and its page of entries name the bindings", () => {
  const page = readFileSync(join(ROOT, "docs/frameworks.md"), "utf8");
  const exported = [
    ...readFileSync(join(ROOT, "src/integrations/frameworks/react.ts"), "utf8").matchAll(
      /export (?:const|function) (\w+)/g,
    ),
  ];
  expect(exported.length).toBe(7);
  for (const [, name = ""] of exported) {
    expect(page).toContain(`\`${name}(`);
    expect(page).toContain(`\`${name.replace("use", "inject")}\``);
  }
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  for (const framework of Object.keys(FRAMEWORKS))
    expect(readme).toMatch(new RegExp(`originmq/${framework}|\`/${framework}\``));
});

test("the first screen of the README leads to each framework's section, and promises the minutes that the page does", () => {
  const minutes = `${{ 5: "five" }[PROMISED_S / 60]} minutes`;
  expect(FIRST_SCREEN.text).toContain(`in ${minutes} from an empty folder`);
  expect(readFileSync(join(ROOT, "docs/frameworks.md"), "utf8")).toContain(`## In ${minutes}`);
  for (const { heading } of Object.values(FRAMEWORKS))
    expect(FIRST_SCREEN.text).toContain(`[${heading}](docs/frameworks.md#${slugOf(heading)})`);
});

test("the guide begins with the application that the first screen of the README tells of", () => {
  expect(readFileSync(join(ROOT, "docs/guide.md"), "utf8")).toContain(`${FIRST_SCREEN.commands} && npm run dev`);
});

test.each(Object.keys(FRAMEWORKS) as Framework[])(
  "%s took no longer than promised, and nothing else is to be pasted",
  (framework) => {
    const [, version, pasted, created = "", handled = ""] = writtenRows().get(FRAMEWORKS[framework].heading) ?? [];
    expect(version).toMatch(/^\d+\.\d+/);
    expect(pasted).toBe(toPaste(framework));
    expect(Number.parseInt(created, 10) + Number.parseInt(handled, 10)).toBeLessThan(COMMANDS_S);
  },
);
