// What docs/frameworks.md tells to write into a fresh application, as it stands there.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/package-layout.mjs";

export type Framework = "react" | "vue" | "svelte" | "solid" | "angular";

/** The heading of each, and the file that its component is written into. */
export const FRAMEWORKS: Readonly<Record<Framework, { readonly heading: string; readonly file: string }>> = {
  react: { heading: "React", file: "App.tsx" },
  vue: { heading: "Vue", file: "App.vue" },
  svelte: { heading: "Svelte", file: "App.svelte" },
  solid: { heading: "Solid", file: "App.tsx" },
  angular: { heading: "Angular", file: "app.ts" },
};

export interface Block {
  readonly language: string;
  readonly code: string;
}

const page = readFileSync(join(ROOT, "docs/frameworks.md"), "utf8");

/** The blocks of each section that has some, by its heading, in their order. */
export const SECTIONS: ReadonlyMap<string, readonly Block[]> = new Map(
  page.split(/^## /m).flatMap((section) => {
    const [heading = ""] = section.split("\n", 1);
    const blocks = [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = "", code = ""]) => {
      return { language, code };
    });
    return blocks.length > 0 ? [[heading, blocks] as const] : [];
  }),
);

function found(heading: string, index: number): string {
  const { code } = SECTIONS.get(heading)?.[index] ?? {};
  if (code === undefined) throw new Error(`docs/frameworks.md has no block ${index} in "${heading}"`);
  return code;
}

/** The module that makes the store. */
export const STORE = found("What there is", 0);
/** The module that makes the store of an outbox, and the component that shows it, in React. */
export const SAVES = found("Requests that must reach a server", 0);
export const SAVES_IN_REACT = found("Requests that must reach a server", 1);
/** What is typed into a shell to have an application. */
export const commandsOf = (framework: Framework): string => found(FRAMEWORKS[framework].heading, 0);
/** The component. */
export const componentOf = (framework: Framework): string => found(FRAMEWORKS[framework].heading, 1);

const [, before = "", after = ""] = /^([\s\S]*?)(\n\/\*\* Stands for[\s\S]*)$/.exec(STORE) ?? [];
/** Where the application starts the worker itself. */
export const ANGULAR_STORE = `${before.replace(/^export const orders = .*\n/m, "")}\n${found("Angular", 2)}${after}`;
/** The worker's file, which is named in the text. */
export const ANGULAR_WORKER = `${/`(import "originmq\/shared-worker";)`/.exec(page)?.[1] ?? ""}\n`;
