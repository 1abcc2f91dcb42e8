// Markdown that is read in two places, on a forge as it lies there and as a page of the site: headings, anchors and links as
// both understand them.

/** A block of code, with the indentation and the length of its fence. */
const FENCES = /^( *)(`{3,}|~{3,}).*\n[\s\S]*?^ *\2[`~]* *$/gm;
/** A piece of code within a line, or a link. An image is a link with a "!" before it. */
const CODE_OR_LINK = /`[^`\n]+`(?!\])|\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g;

/**
 * @param {string} text
 * @param {(name: string, to: string) => string | undefined} change what stands in place of a link; `undefined`: it stays
 */
export function changeLinks(text, change) {
  /** @param {string} part without blocks of code */
  const changed = (part) =>
    part.replaceAll(CODE_OR_LINK, (all, name, to) => (to === undefined ? all : (change(name, to) ?? all)));
  let end = 0;
  let result = "";
  for (const fence of text.matchAll(FENCES)) {
    result += changed(text.slice(end, fence.index)) + fence[0];
    end = fence.index + fence[0].length;
  }
  return result + changed(text.slice(end));
}

/** @param {string} text @returns {string[]} where its links lead, those of images too */
export function linksOf(text) {
  /** @type {string[]} */
  const links = [];
  changeLinks(text, (_, to) => void links.push(to));
  return links;
}

/**
 * The anchor of a heading, as GitHub and others make it.
 * @param {string} heading
 */
export const slugOf = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
    .replaceAll(" ", "-");

/** @param {string} heading in Markdown @returns {string} as it is read */
const plain = (heading) => heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll(/[`*]/g, "");

/** @param {string} text @returns {string[]} the anchors that can be linked to */
export function anchorsOf(text) {
  const headings = [...text.replaceAll(FENCES, "").matchAll(/^#{1,6} +(.*?)\s*$/gm)];
  /** @type {Map<string, number>} */
  const seen = new Map();
  const anchors = headings.map(([, heading = ""]) => {
    const slug = slugOf(plain(heading));
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
  return [...anchors, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = ""]) => id)];
}

/** @param {string} text @returns {string} the first heading, as it is read */
export const titleOf = (text) => plain(/^# +(.*)$/m.exec(text)?.[1] ?? "");

/** @param {string} text @returns {string} the first paragraph, as one line */
export function summaryOf(text) {
  const paragraphs = text.split(/\n{2,}/).slice(1);
  return plain(paragraphs.find((paragraph) => /^[\w[*`]/.test(paragraph)) ?? "")
    .replaceAll(/\s+/g, " ")
    .trim();
}
