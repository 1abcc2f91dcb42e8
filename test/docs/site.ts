// The built site as its tests know it: its pages, and what each of them says.

import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { ROOT } from "../../scripts/package-layout.mjs";

const DIST = `${ROOT}site/dist`;

/** Every page, by path from the site's root. */
export const pagesOfSite = (): string[] =>
  readdirSync(DIST, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".html") && file !== "404.html")
    .sort();

export const textOf = (path: string): string => readFileSync(`${DIST}/${path}`, "utf8");

export const filesOfSite = (): Set<string> =>
  new Set(readdirSync(DIST, { recursive: true, encoding: "utf8" }).map((file) => file.replaceAll("\\", "/")));

/** Where a page's links lead: a file of the site, and an anchor in it. Others' addresses are not followed. */
export const linksOfPage = (page: string): { readonly file: string; readonly anchor: string | undefined }[] =>
  [...textOf(page).matchAll(/<(?:a|img|link|script)\b[^>]*?\b(?:href|src)="([^"]+)"/g)].flatMap(([, raw = ""]) => {
    const to = raw.replaceAll("&amp;", "&");
    if (/^[a-z]+:/i.test(to)) return [];
    const [path = "", anchor] = to.split("#");
    const file = path === "" ? page : path.startsWith("/") ? path.slice(1) : posix.join(posix.dirname(page), path);
    return [{ file: file === "" || file.endsWith("/") ? `${file}index.html` : file, anchor }];
  });

export const idsOfPage = (page: string): Set<string> =>
  new Set([...textOf(page).matchAll(/\bid="([^"]+)"/g)].map(([, id = ""]) => id));
