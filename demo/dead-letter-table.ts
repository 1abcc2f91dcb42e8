// Messages that were given up, each with why; sent back one by one, the chosen ones, or all.

import type { MessageView } from "../src/index.js";
import { byId, createRows, h, onSecondPress, setText } from "./dom.js";
import { count, preview, shortId } from "./format.js";
import type { Problems } from "./problems.js";
import type { DemoQueue } from "./session.js";

export interface DeadLetterTable {
  /** Asks the queue and shows what it says, `total` of which there are. */
  refresh(total: number): Promise<void>;
}

const SHOWN_MAX = 12;

export function createDeadLetterTable(queue: DemoQueue, problems: Problems): DeadLetterTable {
  const redriveAll = byId<HTMLButtonElement>("redrive-all");
  const redriveChosen = byId<HTMLButtonElement>("redrive-chosen");
  const purge = byId<HTMLButtonElement>("purge-dead");
  const chosen = new Set<string>();
  let total = 0;

  const redrive = (ids?: string[]) =>
    problems.guard("Redriving failed", async () => {
      await queue.deadLetters.redrive(ids ? { filter: { ids } } : {});
      for (const id of ids ?? [...chosen]) chosen.delete(id);
      await refresh((await queue.stats()).dead);
    });
  const showButtons = () => {
    redriveAll.disabled = total === 0;
    purge.disabled = total === 0;
    redriveChosen.disabled = chosen.size === 0;
    setText(redriveChosen, chosen.size === 0 ? "Redrive chosen" : `Redrive chosen (${chosen.size})`);
  };

  const rows = createRows<MessageView>(
    byId("dead-letters"),
    (view) => view.id,
    (view) => createRow(view, { choose, redrive: (id) => redrive([id]) }),
  );
  function choose(id: string, isChosen: boolean): void {
    if (isChosen) chosen.add(id);
    else chosen.delete(id);
    showButtons();
  }

  redriveAll.addEventListener("click", () => redrive());
  redriveChosen.addEventListener("click", () => redrive([...chosen]));
  onSecondPress(purge, "Really delete them?", () =>
    problems.guard("Deleting failed", async () => {
      await queue.deadLetters.purge();
      await refresh(0);
    }),
  );

  async function refresh(now: number): Promise<void> {
    if (now === 0 && total === 0) return;
    total = now;
    const views = total === 0 ? [] : await queue.deadLetters.list({ max: SHOWN_MAX });
    for (const id of chosen) if (!views.some((view) => view.id === id)) chosen.delete(id);
    rows.show(views);
    const note = byId("dead-empty");
    note.hidden = total > 0 && total <= views.length;
    setText(
      note,
      total > views.length
        ? `The first ${views.length} of ${count(total)}.`
        : "None. A message that fails three times ends here with its reason, until you send it back.",
    );
    showButtons();
  }

  return { refresh };
}

interface RowActions {
  choose(id: string, isChosen: boolean): void;
  redrive(id: string): void;
}

function createRow(view: MessageView, actions: RowActions) {
  const { id, body, reason = "", error, attempts } = view;
  const short = shortId(id);
  const tick = h("input", { type: "checkbox", "aria-label": `Choose ${short}` });
  tick.addEventListener("change", () => actions.choose(id, tick.checked));
  const again = h("button", { type: "button", class: "quiet small", "aria-label": `Redrive ${short}` }, "Redrive");
  again.addEventListener("click", () => actions.redrive(id));
  const why = error ? `${error.name}: ${error.message}` : "–";
  const element = h(
    "tr",
    {},
    h("td", {}, tick),
    h("td", { class: "id", title: id }, short),
    h("td", { class: "body", title: preview(body) }, preview(body)),
    h("td", {}, h("span", { class: "state dead" }, reason)),
    h("td", { class: "error", title: why }, why),
    h("td", { class: "number" }, count(attempts)),
    h("td", {}, again),
  );
  return { element, update() {} };
}
