// A body as a tree that opens where it is asked to. What is inside is made when it is opened, so that a circle, or a million
// entries, cost nothing before.

import { h } from "../elements/dom.js";
import { bytes, count } from "../elements/format.js";
import { preview } from "../elements/text-of.js";

const CHILDREN_AT_ONCE = 200;
const HEX_BYTES = 64;
const TEXT_MAX = 20_000;

/** `release` gives up what previews of images hold. */
export function createBodyTree(body: unknown): { readonly element: HTMLElement; release(): void } {
  const addresses: string[] = [];
  const addressOf = (blob: Blob) => {
    const address = URL.createObjectURL(blob);
    addresses.push(address);
    return address;
  };
  return {
    element: h("div", { class: "tree" }, nodeOf(undefined, body, addressOf, true)),
    release: () => {
      for (const address of addresses) URL.revokeObjectURL(address);
    },
  };
}

type AddressOf = (blob: Blob) => string;
type Entry = readonly [name: string, value: unknown];

interface Inside {
  readonly count: number;
  /** Holes of an array are there, as `undefined`. */
  part(from: number, end: number): Entry[];
}

function nodeOf(name: string | undefined, value: unknown, addressOf: AddressOf, isOpen = false): HTMLElement {
  const label = name === undefined ? [] : [h("span", { class: "key" }, name), ": "];
  if (value instanceof Blob) return blobNode(label, value, addressOf);
  const inside = insideOf(value);
  if (inside === undefined) return h("div", {}, ...label, leafOf(value));
  const { title, ...rest } = inside;
  const glance = h("span", { class: "glance" }, preview(value));
  const node = h("details", {}, h("summary", {}, ...label, h("span", { class: "kind" }, title), " ", glance));
  const fill = () => {
    if (!node.open || node.childElementCount > 1) return;
    appendMore(node, rest, 0, addressOf);
  };
  node.addEventListener("toggle", fill);
  node.open = isOpen;
  fill();
  return node;
}

function appendMore(node: HTMLElement, inside: Inside, from: number, addressOf: AddressOf): void {
  const end = Math.min(from + CHILDREN_AT_ONCE, inside.count);
  for (const [name, value] of inside.part(from, end)) node.append(nodeOf(name, value, addressOf));
  const left = inside.count - end;
  if (left <= 0) return;
  const more = h("button", { type: "button", class: "choose" }, `${count(left)} more`);
  more.addEventListener("click", () => {
    more.remove();
    appendMore(node, inside, end, addressOf);
  });
  node.append(more);
}

/** What a value holds, where it holds something. */
function insideOf(value: unknown): (Inside & { readonly title: string }) | undefined {
  if (Array.isArray(value)) {
    const part = (from: number, end: number) =>
      Array.from({ length: end - from }, (_, i): Entry => [String(from + i), value[from + i]]);
    return { title: `[${count(value.length)}]`, count: value.length, part };
  }
  const of = (title: string, count: number, entries: () => Entry[]) => {
    let made: Entry[] | undefined;
    const part = (from: number, end: number) => {
      made ??= entries();
      return made.slice(from, end);
    };
    return { title, count, part };
  };
  if (value instanceof Map) {
    return of(`Map (${count(value.size)})`, value.size, () => [...value].map(([key, one]) => [preview(key), one]));
  }
  if (value instanceof Set) {
    return of(`Set (${count(value.size)})`, value.size, () => [...value].map((one, i) => [String(i), one]));
  }
  const isPlain =
    typeof value === "object" && value !== null && Object.prototype.toString.call(value) === "[object Object]";
  if (!isPlain) return undefined;
  const own = Object.entries(value as object);
  return of(`{${count(own.length)}}`, own.length, () => own);
}

function leafOf(value: unknown): HTMLElement {
  const of = (kind: string, text: string) => h("span", { class: `value ${kind}` }, text);
  if (typeof value === "string") {
    const text = value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX)}… (${count(value.length)} characters)` : value;
    return of("text", JSON.stringify(text));
  }
  if (typeof value === "bigint") return of("number", `${value}n`);
  if (value instanceof Date) return of("date", Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString());
  if (value instanceof Error) return of("text", `${value.name}: ${value.message}`);
  if (value instanceof ArrayBuffer) return of("binary", binaryWords("ArrayBuffer", new Uint8Array(value)));
  if (ArrayBuffer.isView(value)) {
    const seen = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return of("binary", binaryWords(value.constructor.name, seen));
  }
  const isObject = typeof value === "object" && value !== null;
  return of(typeof value, isObject ? Object.prototype.toString.call(value).slice(8, -1) : String(value));
}

function binaryWords(kind: string, content: Uint8Array): string {
  const hex = [...content.subarray(0, HEX_BYTES)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `${kind}, ${bytes(content.byteLength)}: ${hex}${content.byteLength > HEX_BYTES ? " …" : ""}`;
}

function blobNode(label: (Node | string)[], blob: Blob, addressOf: AddressOf): HTMLElement {
  const name = blob instanceof File ? `${blob.name}, ` : "";
  const words = `${blob instanceof File ? "File" : "Blob"}, ${name}${blob.type || "no type"}, ${bytes(blob.size)}`;
  const node = h("div", {}, ...label, h("span", { class: "value binary" }, words));
  if (!blob.type.startsWith("image/")) return node;
  node.append(
    h("img", { src: addressOf(blob), alt: `Preview of ${name || "the image, "}${bytes(blob.size)}`, class: "preview" }),
  );
  return node;
}
