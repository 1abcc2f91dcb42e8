// The recipes of the cookbook as its tests use them: read from the Markdown, compiled against the real types, run with
// fakes in place of what is outside.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as idb from "idb";
import ts from "typescript";
import { entryPoints } from "../../../site/sections.mjs";
import * as backup from "../../../src/backup.js";
import { type Connection, connect, QueueError } from "../../../src/index.js";

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

/** In a folder from which packages are found. The native compiler takes a fifth of the time. */
const COMPILED = join(ROOT, "node_modules/.cache/samples");
const TSC = join(ROOT, "node_modules/typescript7/bin/tsc");

/**
 * What the compiler says to these modules, as strict as it is with the library, but for names that a sample leaves unused;
 * each is given with its declarations, and all with what is declared `everywhere`.
 */
export function complaintsOf(
  modules: ReadonlyMap<string, { code: string; declarations: string }>,
  everywhere = "",
): string[] {
  mkdirSync(COMPILED, { recursive: true });
  const folder = mkdtempSync(join(COMPILED, "of-"));
  try {
    const titles = [...modules.keys()];
    [...modules.values()].forEach(({ code, declarations }, number) => {
      writeFileSync(join(folder, `${number}.ts`), `${code}\n${declarations}`);
    });
    writeFileSync(join(folder, "everywhere.d.ts"), everywhere);
    const compilerOptions = {
      noUnusedLocals: false,
      noUnusedParameters: false,
      types: ["vite/client"],
      paths: Object.fromEntries(Object.entries(entryPoints()).map(([entry, path]) => [entry, [join(ROOT, path)]])),
    };
    const config = { extends: join(ROOT, "tsconfig.json"), compilerOptions, include: ["*.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { stdout } = spawnSync(process.execPath, [TSC, "-p", folder, "--pretty", "false"], {
      encoding: "utf8",
      cwd: folder,
    });
    return stdout
      .split("\n")
      .map((line) => /^(\d+)\.ts(\(.*)/.exec(line) ?? [])
      .flatMap(([, number, complaint]) => (number === undefined ? [] : `${titles[Number(number)]}${complaint}`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A tab of one origin: runs recipes, each with a connection to what the origin's other tabs use as well. */
export interface Tab {
  readonly connection: Connection;
  /**
   * Resolves with what the module exports. `outside` is what it finds as globals, `packages` what it imports besides, or in
   * place of what it gets.
   */
  run(
    code: string,
    outside?: Readonly<Record<string, unknown>>,
    packages?: Readonly<Record<string, unknown>>,
  ): Promise<Record<string, never>>;
}

type Evaluate = (...values: unknown[]) => Promise<void>;
const AsyncFunction = (async () => {}).constructor as new (...text: string[]) => Evaluate;

export async function openTab(database: string): Promise<Tab> {
  const connection = await connect({ storage: "memory", database });
  const packages: Readonly<Record<string, unknown>> = {
    originmq: {
      openQueue: connection.openQueue,
      openTopic: connection.openTopic,
      connect: () => connect({ storage: "memory", database }),
      QueueError,
    },
    "originmq/backup": backup,
    idb,
  };
  return {
    connection,
    async run(code, outside = {}, others = {}) {
      const { outputText } = ts.transpileModule(code, {
        compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
      });
      const exported: Record<string, never> = {};
      const names = Object.keys(outside);
      const evaluate = new AsyncFunction("require", "exports", ...names, outputText);
      await evaluate((name: string) => others[name] ?? packages[name], exported, ...Object.values(outside));
      return exported;
    },
  };
}
