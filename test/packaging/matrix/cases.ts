// What the package is tried with: each tool, as somebody has it who has just installed it, in each way in which it serves a
// page. `npm run test:packaging -- --all` tries all of it and writes what it saw into docs/bundlers.md; `npm test` tries the
// tools that this repository has installed itself.

/** What an error in the page says to add, word for word, and where that goes. */
export interface Line {
  readonly text: string;
  readonly file: string;
  /** What it is written after. */
  readonly after: string;
}

export interface Way {
  /** In a shell, as it is typed. */
  readonly build?: string;
  /** What only `npm test` adds: it concerns how the page is minified or cached, and the folder, which is no project's root. */
  readonly quickly?: string;
  /** The same, of a server at PORT; or the folder in which the page then is. */
  readonly serve: string;
  /** Files that nothing brings into that folder, and where: of the project, or of the package by `originmq/…`. */
  readonly copied?: Readonly<Record<string, string>>;
  /** Without it the page has no worker. */
  readonly line?: Line;
  /** Whether this repository has installed what it takes. */
  readonly isHere?: true;
}

export interface Tool {
  readonly name: string;
  /** What is installed beside the package; the first is whose version is told. */
  readonly packages: readonly string[];
  /** Folders of test/packaging/projects, written over one another. */
  readonly project: readonly string[];
  /** The page's HTML is made on a server, with what the queue is then. */
  readonly isRendered?: true;
  /** Of tools that do not run in Node 20. */
  readonly node?: "newer";
  readonly ways: readonly Way[];
}

/** For what does not follow `new URL("…", import.meta.url)`: the workers become files beside the page's script. */
const WORKER_ENTRIES = '"shared-worker": "originmq/shared-worker", "dedicated-worker": "originmq/dedicated-worker"';
/** For what copies the page's modules of packages elsewhere, but not the worker. */
const NOT_OPTIMIZED = 'optimizeDeps: { exclude: ["originmq"] }';
/** The page, where a tool takes its script alone. */
const HTML = { "index.html": "dist/index.html" };

const VITE: readonly Way[] = [
  { serve: "vite --port PORT" },
  { build: "vite build", serve: "vite preview --port PORT" },
];

export const TOOLS: readonly Tool[] = [
  { name: "Vite 5", packages: ["vite@5"], project: ["page"], ways: VITE },
  { name: "Vite 6", packages: ["vite@6"], project: ["page"], ways: VITE },
  { name: "Vite 7", packages: ["vite@7"], project: ["page"], ways: VITE },
  {
    name: "Vite 7 with a `cacheDir` outside of `node_modules`",
    packages: ["vite@7"],
    project: ["page", "vite-cache"],
    ways: [
      {
        serve: "vite --port PORT",
        line: { text: NOT_OPTIMIZED, file: "vite.config.js", after: 'cacheDir: ".cache",' },
      },
    ],
  },
  { name: "Vite 8", packages: ["vite@8"], project: ["page"], ways: VITE.map((way) => ({ ...way, isHere: true })) },
  {
    name: "webpack 5",
    packages: ["webpack@5", "webpack-cli", "webpack-dev-server@5"],
    project: ["page"],
    ways: [
      { serve: "webpack serve --mode development --entry ./main.js --static . --port PORT" },
      {
        build: "webpack --mode production --entry ./main.js",
        quickly: "--no-optimization-minimize",
        serve: "dist",
        copied: HTML,
        isHere: true,
      },
    ],
  },
  {
    name: "Rspack",
    packages: ["@rspack/core", "@rspack/cli", "@rspack/dev-server"],
    project: ["page", "rspack"],
    ways: [
      { serve: "rspack serve --mode development --port PORT" },
      { build: "rspack build --mode production", serve: "dist", copied: HTML },
    ],
  },
  {
    name: "Rsbuild",
    packages: ["@rsbuild/core"],
    project: ["page", "rsbuild"],
    ways: [{ serve: "rsbuild dev --port PORT" }, { build: "rsbuild build", serve: "rsbuild preview --port PORT" }],
  },
  {
    name: "Parcel 2",
    packages: ["parcel@2"],
    project: ["page"],
    ways: [
      { serve: "parcel serve index.html --port PORT" },
      {
        build: "parcel build index.html",
        quickly: "--dist-dir dist --no-optimize --no-source-maps --no-cache",
        serve: "dist",
        isHere: true,
      },
    ],
  },
  {
    name: "Rollup 4",
    packages: ["rollup@4", "@rollup/plugin-node-resolve"],
    project: ["page", "rollup"],
    ways: [
      {
        build: "rollup --config rollup.config.mjs",
        serve: "dist",
        copied: HTML,
        line: { text: WORKER_ENTRIES, file: "rollup.config.mjs", after: 'main: "main.js",' },
        isHere: true,
      },
    ],
  },
  {
    name: "esbuild",
    packages: ["esbuild"],
    project: ["page", "esbuild"],
    ways: [
      {
        build: "node build.mjs",
        serve: "dist",
        copied: HTML,
        line: { text: WORKER_ENTRIES, file: "build.mjs", after: 'main: "main.js",' },
        isHere: true,
      },
    ],
  },
  {
    name: "Next 16",
    packages: ["next@16", "react@19", "react-dom@19"],
    project: ["page", "next"],
    isRendered: true,
    ways: [
      { serve: "next dev --port PORT" },
      { build: "next build", serve: "next start --port PORT" },
      { serve: "next dev --webpack --port PORT" },
      { build: "next build --webpack", serve: "next start --port PORT" },
    ],
  },
  {
    name: "SvelteKit 3",
    packages: ["@sveltejs/kit@3", "@sveltejs/adapter-node@6", "@sveltejs/vite-plugin-svelte", "svelte@5", "vite@8"],
    project: ["page", "svelte-kit"],
    isRendered: true,
    node: "newer",
    ways: VITE,
  },
  {
    name: "SvelteKit 2",
    packages: ["@sveltejs/kit@2", "@sveltejs/adapter-node@5", "@sveltejs/vite-plugin-svelte@6", "svelte@5", "vite@7"],
    project: ["page", "svelte-kit"],
    isRendered: true,
    ways: VITE,
  },
  {
    name: "Nuxt 4",
    packages: ["nuxt@4", "vue@3"],
    project: ["page", "nuxt"],
    isRendered: true,
    node: "newer",
    ways: [{ serve: "nuxt dev --port PORT" }, { build: "nuxt build", serve: "nuxt preview --port PORT" }],
  },
  {
    name: "Astro",
    packages: ["astro"],
    project: ["page", "astro"],
    node: "newer",
    ways: [{ serve: "astro dev --port PORT" }, { build: "astro build", serve: "astro preview --port PORT" }],
  },
  {
    name: "an import map, without a bundler",
    packages: [],
    project: ["page", "import-map"],
    ways: [{ serve: ".", copied: { "originmq/dist/standalone": "originmq" }, isHere: true }],
  },
];

/** What is typed, without what only concerns the test; of what is built, how. */
export const commandOf = ({ build, serve }: Way): string =>
  build ?? (serve.includes("PORT") ? serve.replace(" --port PORT", "") : "");
