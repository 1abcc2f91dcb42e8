// The crash lab on the page: opens with its section, one experiment at a time, tiles and a log.

import type { Clock } from "../clock.js";
import { byId, h, onSecondPress, setText } from "../dom.js";
import { count, plural } from "../format.js";
import type { Problems } from "../problems.js";
import type { Session } from "../session.js";
import { killConsumer, sendEndless, sendPoison, startConsumer } from "./consumer-faults.js";
import { deleteDatabase, holdHostUp, killHost } from "./host-faults.js";
import { type Lab, openLab, times } from "./lab.js";

const LOOK_MS = 500;
const LINES_MAX = 60;
const LEFT_FOR_RELOAD = 20;

export interface LabPanelParts {
  readonly session: Session;
  readonly tab: string;
  readonly clock: Clock;
  readonly problems: Problems;
}

export function wireLab({ session, tab, clock, problems }: LabPanelParts): void {
  const section = byId<HTMLDetailsElement>("lab");
  const openKey = `originmq-demo:lab-open:${tab}`;
  let opening: Promise<void> | undefined;
  section.addEventListener("toggle", () => {
    sessionStorage.setItem(openKey, String(section.open));
    if (section.open) problems.guard("The lab could not be opened", () => (opening ??= open()));
  });
  section.open = sessionStorage.getItem(openKey) === "true";

  async function open(): Promise<void> {
    const lab = await openLab({ connection: session.connection, tab, clock, say, onCrew: () => showCrew() });
    const showCrew = () => {
      setText(byId("lab-crew"), ["this page", ...lab.crew.names].join(", "));
    };
    const left = lab.ledger.open().length;
    if (left > 0) {
      say(`This tab was reloaded with ${plural(left, "message")} of the lab still to be handled.`);
      void lab.conclude(lab.ledger.open()).catch((error: unknown) => problems.report("The lab failed", error));
    }
    await lab.crew.setPageActive(true);
    wireButtons(lab, session, problems);
    showCrew();
    lookNowAndThen(lab, clock, problems);
  }
}

function say(sentence: string): void {
  const log = byId("lab-log");
  const time = new Date().toLocaleTimeString("en", { hour12: false });
  log.prepend(h("li", {}, h("time", {}, time), h("span", {}, sentence)));
  while (log.children.length > LINES_MAX) log.lastElementChild?.remove();
}

function wireButtons(lab: Lab, session: Session, problems: Problems): void {
  const section = byId("lab");
  const buttons = [...section.querySelectorAll("button")];
  const badge = byId("lab-badge");
  let isBusy = false;
  let over = 0;
  const show = (busy: boolean) => {
    isBusy = busy;
    setText(badge, busy ? "at work" : "ready");
    badge.className = `badge ${busy ? "on" : ""}`;
    // Not `disabled`, which would take the focus from the button that was pressed.
    for (const button of buttons) button.setAttribute("aria-disabled", String(busy));
  };
  /** One experiment at a time. */
  const experiment = (run: (lab: Lab) => Promise<void>) => {
    if (isBusy) return;
    show(true);
    const end = () => {
      show(false);
      section.dataset.experiments = String(++over);
    };
    problems.guard("The experiment failed", () => run(lab).finally(end));
  };
  const on = (id: string, run: (lab: Lab) => Promise<void>) =>
    byId(id).addEventListener("click", () => experiment(run));

  on("lab-kill-host", killHost);
  on("lab-hold-host", holdHostUp);
  on("lab-start-consumer", startConsumer);
  on("lab-kill-consumer", killConsumer);
  on("lab-poison", sendPoison);
  on("lab-endless", sendEndless);
  on("lab-reload", async () => {
    await lab.send(times(LEFT_FOR_RELOAD, "work"), 100);
    location.reload();
  });
  on("lab-clear", async () => {
    await lab.queues.purge();
    lab.ledger.clear();
    byId("lab-log").replaceChildren();
  });
  onSecondPress(byId<HTMLButtonElement>("lab-delete"), "Really delete everything?", () =>
    experiment(() => deleteDatabase(lab, () => session.setRoom(session.room))),
  );
  show(false);
}

function lookNowAndThen(lab: Lab, clock: Clock, problems: Problems): void {
  const tile = (name: string, n: number) => setText(byId(`lab-tile-${name}`), count(n));
  let looking = false;
  const refresh = async () => {
    const { ready, leased, dead } = await lab.queues.counts();
    await lab.check();
    const { done, twice, lost } = lab.ledger.counts;
    for (const [name, n] of Object.entries({ ready, leased, done, dead, twice, lost })) tile(name, n);
  };
  const look = () => {
    if (looking || !byId<HTMLDetailsElement>("lab").open) return;
    looking = true;
    problems.guard("Looking at the lab failed", () => refresh().finally(() => (looking = false)));
  };
  look();
  clock.every(LOOK_MS, look);
}
