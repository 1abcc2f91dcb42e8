// What docs/frameworks.md, and the first screen of the README, tell to write into a fresh application, as it stands there.

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
export const STORE = found("The store", 0);
/** The module that makes the store of an outbox, and the component that shows it, in React. */
export const SAVES = found("Requests that must reach a server", 0);
export const SAVES_IN_REACT = found("Requests that must reach a server", 1);
/** What is typed into a shell to have an application. */
export const commandsOf = (framework: Framework): string => found(FRAMEWORKS[framework].heading, 0);
/** The component. */
export const componentOf = (framework: Framework): string => found(FRAMEWORKS[framework].heading, 1);

/** Where the application starts the worker itself: the module that makes the store, and the worker. */
const ANGULAR_STORE = found("Angular", 2);
const ANGULAR_WORKER = found("Angular", 3);

/** What is pasted, by where. */
export const filesOf = (framework: Framework): Readonly<Record<string, string>> =>
  framework === "angular"
    ? {
        "src/app/app.ts": componentOf(framework),
        "src/app/orders.ts": ANGULAR_STORE,
        "src/app/queue.worker.ts": ANGULAR_WORKER,
      }
    : { "src/orders.ts": STORE, [`src/${FRAMEWORKS[framework].file}`]: componentOf(framework) };

const [FIRST = ""] = readFileSync(join(ROOT, "README.md"), "utf8").split("\n![", 1);
const inReadme = (pattern: RegExp): string => {
  const [, text] = pattern.exec(FIRST) ?? [];
  if (text === undefined) throw new Error(`the first screen of the README has nothing like ${pattern}`);
  return text;
};
/** Of the README, what is above its first image. */
export const FIRST_SCREEN = {
  text: FIRST,
  /** What makes an application and adds the package to it. */
  commands: `${inReadme(/`(npm create [^`]+)`/)}\ncd shop && npm install && ${inReadme(/^```sh\n(npm install .*)\n```$/m)}`,
  /** What is then written, and where. */
  file: inReadme(/`(src\/[\w.]+)`/),
  code: inReadme(/^```ts\n([\s\S]*?)^```$/m),
};
