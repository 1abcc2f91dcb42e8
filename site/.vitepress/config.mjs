// The site: what VitePress is told of it. Nothing in it asks another host for anything, its search included.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitepress";
import { slugOf, titleOf } from "../markdown.mjs";
import { entryPoints, PAGES, SECTIONS, SHORT } from "../sections.mjs";

const { version, description } = JSON.parse(readFileSync(join(PAGES, "../../package.json"), "utf8"));
const titleAt = (/** @type {string} */ page) => titleOf(readFileSync(join(PAGES, `${page}.md`), "utf8"));
/** Those that were gathered: what is served may have been built before another came. */
const decisions = readdirSync(join(PAGES, "decisions"))
  .filter((file) => file !== "index.md")
  .sort()
  .map((file) => `decisions/${file.replace(".md", "")}`);

const sidebar = [
  ...SECTIONS.map(({ text, pages }) => ({
    text,
    items: pages.map((page) => ({
      text: /** @type {Readonly<Record<string, string>>} */ (SHORT)[page] ?? titleAt(page),
      link: page === "index" ? "/" : `/${page}`,
    })),
  })),
  {
    text: "API",
    items: [
      { text: "All entries", link: "/api/" },
      ...Object.keys(entryPoints()).map((entry) => ({ text: entry, link: `/api/${entry}` })),
    ],
  },
  {
    text: "Decisions",
    items: [
      { text: "All decisions", link: "/decisions/" },
      ...decisions.map((page) => ({ text: titleAt(page), link: `/${page}` })),
    ],
  },
  {
    text: "Project",
    items: ["changelog", "contributing", "security"]
      .filter((page) => readdirSync(PAGES).includes(`${page}.md`))
      .map((page) => ({ text: titleAt(page), link: `/${page}` })),
  },
];

export default defineConfig({
  lang: "en",
  title: "OriginMQ",
  description,
  srcDir: ".pages",
  outDir: "dist",
  cacheDir: ".cache",
  // Relative to where it is served: an address of its own, or a folder of another.
  base: process.env.ORIGINMQ_DOCS_BASE ?? "/",
  head: [["link", { rel: "icon", href: "data:," }]],
  markdown: {
    anchor: { slugify: slugOf },
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config(md) {
      // A heading of a column says something; a cell that says nothing is none.
      for (const [rule, of] of /** @type {const} */ ([
        ["th_open", 1],
        ["th_close", -1],
      ])) {
        md.renderer.rules[rule] = (tokens, index, options, _, self) => {
          const token = /** @type {(typeof tokens)[number]} */ (tokens[index]);
          if (tokens[index + of]?.content === "") token.tag = "td";
          return self.renderToken(tokens, index, options);
        };
      }
      const { fence } = md.renderer.rules;
      md.renderer.rules.fence = (tokens, index, ...rest) => {
        const { info = "", content = "" } = tokens[index] ?? {};
        if (!/\bplayground\b/.test(info)) return fence?.(tokens, index, ...rest) ?? "";
        const heading = tokens.slice(0, index).findLastIndex(({ type }) => type === "heading_open");
        const name = tokens[heading + 1]?.content ?? "";
        return `<Playground name="${md.utils.escapeHtml(name)}" code="${encodeURIComponent(content)}" />`;
      };
    },
  },
  themeConfig: {
    search: { provider: "local" },
    outline: { level: [2, 3] },
    sidebar,
    nav: [
      { text: "Guide", link: "/guide" },
      { text: "Playground", link: "/playground" },
      { text: "API", link: "/api/" },
      { text: version, link: "/changelog" },
    ],
  },
});
