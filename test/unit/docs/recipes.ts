// The recipes of the cookbook as its tests use them: read from the Markdown, compiled against the real types, run with
// fakes in place of what is outside.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import * as backup from "../../../src/backup.js";
import { type Connection, connect } from "../../../src/index.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The code of each section that has some, by its heading. */
export function readRecipes(): Map<string, string> {
  const text = readFileSync(join(ROOT, "docs/cookbook.md"), "utf8");
  const recipes = new Map<string, string>();
  for (const section of text.split(/^## /m).slice(1)) {
    const [heading = ""] = section.split("\n", 1);
    const blocks = [...section.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code ?? "");
    recipes.set(heading, blocks.join("\n"));
  }
  return recipes;
}

/** What the compiler says to these modules, as strict as it is with the library; each is given with its declarations. */
export function complaintsOf(modules: ReadonlyMap<string, { code: string; declarations: string }>): string[] {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: ["src/index.ts"] }, ts.sys, ROOT);
  options.paths = { originmq: [join(ROOT, "src/index.ts")], "originmq/*": [join(ROOT, "src/*.ts")] };
  const texts = new Map<string, string>();
  const titles = new Map<string, string>();
  for (const [title, { code, declarations }] of modules) {
    const file = join(ROOT, "docs", `${title.toLowerCase().replaceAll(" ", "-")}.ts`);
    texts.set(file, `${code}\n${declarations}`);
    titles.set(file, title);
  }
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.getSourceFile = (file, version, ...rest) => {
    const text = texts.get(file);
    return text === undefined ? getSourceFile(file, version, ...rest) : ts.createSourceFile(file, text, version);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...texts.keys()].flatMap((file) => {
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) => `${titles.get(file)}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
    );
  });
}

/** A tab of one origin: runs recipes, each with a connection to what the origin's other tabs use as well. */
export interface Tab {
  readonly connection: Connection;
  /** Resolves with what the module exports. `outside` is what it finds as globals. */
  run(code: string, outside?: Readonly<Record<string, unknown>>): Promise<Record<string, never>>;
}

type Evaluate = (...values: unknown[]) => Promise<void>;
const AsyncFunction = (async () => {}).constructor as new (...text: string[]) => Evaluate;

export async function openTab(database: string): Promise<Tab> {
  const connection = await connect({ storage: "memory", database });
  const packages: Readonly<Record<string, unknown>> = {
    originmq: { openQueue: connection.openQueue, openTopic: connection.openTopic },
    "originmq/backup": backup,
  };
  return {
    connection,
    async run(code, outside = {}) {
      const { outputText } = ts.transpileModule(code, {
        compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
      });
      const exported: Record<string, never> = {};
      const names = Object.keys(outside);
      const evaluate = new AsyncFunction("require", "exports", ...names, outputText);
      await evaluate((name: string) => packages[name], exported, ...Object.values(outside));
      return exported;
    },
  };
}
