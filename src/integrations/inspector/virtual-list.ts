// A list of any length of which only what is seen is there: a million rows cost as much as thirty. Rows come in pages from
// whoever has them. Invariants: one page is read at a time, the one that is seen first; what was read stays until it is read
// anew, so that nothing flickers.

import { h, setText } from "../elements/dom.js";
import type { Rest } from "./rest.js";

/** Reads so many items from this one on; fewer where there are no more. */
export type ReadPage<Item> = (offset: number, max: number) => Promise<readonly Item[]>;

export interface ListColumn<Item> {
  readonly head: string;
  readonly kind?: string;
  text(item: Item): string;
}

export interface VirtualList<Item> {
  readonly element: HTMLElement;
  /** Begins anew, with other items. */
  reset(total: number, read: ReadPage<Item>): void;
  /** There are so many now, and what is known may have changed. */
  refresh(total: number): void;
  focus(): void;
}

const ROW = 34;
const PAGE = 50;
const PAGES_KEPT = 60;
/** Browsers lay out no element that is much taller: beyond, the scroll bar stands for more than it measures. */
const HEIGHT_MAX = 8_000_000;
let last = 0;

export function createVirtualList<Item>(parts: {
  readonly label: string;
  /** Of who is asked: what may have changed is read again after it. */
  readonly rest: Rest;
  readonly columns: readonly ListColumn<Item>[];
  onOpen(item: Item): void;
  onFailed(reason: unknown): void;
}): VirtualList<Item> {
  const { label, rest, columns, onOpen, onFailed } = parts;
  const prefix = `v${++last}`;
  const head = h(
    "div",
    { role: "row", class: "vrow vhead" },
    ...columns.map(({ head, kind }) => h("span", { role: "columnheader", class: kind }, head)),
  );
  const canvas = h("div", { class: "vcanvas", role: "rowgroup" });
  const element = h(
    "div",
    { class: "vlist", role: "grid", tabindex: "0", "aria-label": label, "aria-colcount": String(columns.length) },
    h("div", { role: "rowgroup", class: "vheads" }, head),
    canvas,
  );
  let total = 0;
  let read: ReadPage<Item> = async () => [];
  let pages = new Map<number, readonly Item[]>();
  let stale = new Set<number>();
  let active = 0;
  let run = 0;
  /** The page that is being read. */
  let reading: number | undefined;
  let isPlanned = false;
  let waking: ReturnType<typeof setTimeout> | undefined;
  const rows: { readonly element: HTMLElement; readonly cells: readonly HTMLElement[] }[] = [];

  const height = () => element.clientHeight - head.offsetHeight;
  /** Pixels of all rows for each that the scroll bar moves. */
  const scale = () => {
    const all = total * ROW;
    return all <= HEIGHT_MAX ? 1 : (all - height()) / (HEIGHT_MAX - height());
  };
  const top = () => element.scrollTop * scale();
  let activeRow = "";
  const itemAt = (index: number) => pages.get(Math.floor(index / PAGE))?.[index % PAGE];

  const rowAt = (place: number) => {
    const known = rows[place];
    if (known) return known;
    const cells = columns.map(({ kind }) => h("span", { role: "gridcell", class: kind }));
    const element = h("div", { role: "row", class: "vrow", id: `${prefix}-${place}` }, ...cells);
    canvas.append(element);
    const row = { element, cells };
    rows[place] = row;
    return row;
  };

  const render = () => {
    isPlanned = false;
    // All that is measured is measured before anything is written: else the page is laid out anew for each row.
    const scrolled = element.scrollTop;
    const from = scrolled * scale();
    const first = Math.max(0, Math.floor(from / ROW));
    const places = Math.ceil(height() / ROW) + 1;
    const shown = Math.max(0, Math.min(places, total - first));
    let nowActive = "";
    for (let place = 0; place < Math.max(shown, rows.length); place++) {
      const { element: row, cells } = rowAt(place);
      row.hidden = place >= shown;
      if (row.hidden) continue;
      const index = first + place;
      const item = itemAt(index);
      row.style.setProperty("translate", `0 ${scrolled + index * ROW - from}px`);
      row.setAttribute("aria-rowindex", String(index + 2));
      row.classList.toggle("active", index === active);
      row.classList.toggle("unread", item === undefined);
      row.dataset.index = String(index);
      if (index === active) nowActive = row.id;
      columns.forEach(({ text }, i) => {
        setText(cells[i] as HTMLElement, item === undefined ? (i === 0 ? "…" : "") : text(item));
      });
    }
    if (nowActive !== activeRow) {
      activeRow = nowActive;
      if (nowActive === "") element.removeAttribute("aria-activedescendant");
      else element.setAttribute("aria-activedescendant", nowActive);
    }
    void load(first, first + shown);
  };
  const renderSoon = () => {
    if (isPlanned) return;
    isPlanned = true;
    requestAnimationFrame(render);
  };

  /** What is not there yet is read at once; what may have changed, when who is asked has had its rest. */
  const wantedPage = (first: number, end: number): number | undefined => {
    const seen = [];
    for (let page = Math.floor(first / PAGE); page * PAGE < end; page++) seen.push(page);
    const missing = seen.find((page) => !pages.has(page));
    const old = missing ?? seen.find((page) => stale.has(page));
    if (missing !== undefined || old === undefined || rest.left() <= 0) return old;
    clearTimeout(waking);
    waking = setTimeout(renderSoon, rest.left());
    return undefined;
  };
  const load = async (first: number, end: number) => {
    const page = wantedPage(first, end);
    if (page === undefined || reading !== undefined || !element.isConnected) return;
    reading = page;
    const own = run;
    // Before it is read: what changes meanwhile makes it stale again.
    stale.delete(page);
    try {
      const items = await rest.measured(() => read(page * PAGE, PAGE));
      if (own !== run) return;
      pages.delete(page);
      pages.set(page, items);
      for (const oldest of pages.keys()) {
        if (pages.size <= PAGES_KEPT) break;
        pages.delete(oldest);
      }
    } catch (reason) {
      if (!pages.has(page)) pages.set(page, []);
      onFailed(reason);
    } finally {
      reading = undefined;
      renderSoon();
    }
  };

  const layOut = () => {
    element.setAttribute("aria-rowcount", String(total + 1));
    canvas.style.setProperty("block-size", `${Math.min(total * ROW, HEIGHT_MAX)}px`);
    active = Math.max(0, Math.min(active, total - 1));
    renderSoon();
  };
  const activate = (index: number) => {
    active = Math.max(0, Math.min(index, total - 1));
    const from = top();
    if (active * ROW < from) element.scrollTop = (active * ROW) / scale();
    else if ((active + 1) * ROW > from + height()) element.scrollTop = ((active + 1) * ROW - height()) / scale();
    renderSoon();
  };
  const open = (index: number) => {
    const item = itemAt(index);
    if (item !== undefined) onOpen(item);
  };

  element.addEventListener("scroll", renderSoon, { passive: true });
  new ResizeObserver(renderSoon).observe(element);
  element.addEventListener("click", ({ target }) => {
    const row = (target as Element).closest<HTMLElement>(".vrow[data-index]");
    if (row === null) return;
    active = Number(row.dataset.index);
    renderSoon();
    open(active);
  });
  element.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(height() / ROW) - 1);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: total - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) activate(to);
    else if (event.key === "Enter") open(active);
    else return;
    event.preventDefault();
  });

  return {
    element,
    reset(now, from) {
      run++;
      total = now;
      read = from;
      pages = new Map();
      stale = new Set();
      active = 0;
      element.scrollTop = 0;
      layOut();
    },
    refresh(now) {
      total = now;
      stale = new Set(pages.keys());
      if (reading !== undefined) stale.add(reading);
      layOut();
    },
    focus: () => element.focus(),
  };
}
