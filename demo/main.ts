// The demo: wires one queue to the page. Every module here uses the public API alone.

import "@fontsource-variable/figtree/wght.css";
import "uplot/dist/uPlot.min.css";
import "./style/tokens.css";
import "./style/page.css";
import "./style/controls.css";
import "./style/parts.css";
import "./style/lab.css";
import "./style/patterns.css";
import "./style/shared.css";
import "./style/bridges.css";
import "../src/inspector.js";
import type { InspectorElement } from "../src/inspector.js";
import { wireBridges } from "./bridge/panel.js";
import { type Clock, createClock } from "./clock.js";
import { createConsumer } from "./consumer.js";
import { byId, setText } from "./dom.js";
import { wireImport } from "./import/panel.js";
import { wireLab } from "./lab/panel.js";
import { wirePatterns } from "./patterns/panel.js";
import { createPlots } from "./plots.js";
import { createProblems, type Problems } from "./problems.js";
import { createProducer } from "./producer.js";
import { createQueuePanel } from "./queue-panel.js";
import { createSeries, SAMPLE_MS } from "./series.js";
import { openSession } from "./session.js";
import { enter } from "./shared/entry.js";
import { wireShared } from "./shared/panel.js";
import { deviceName, placeOf, restoreSettings, wirePlaces } from "./shared/place.js";
import { installPlug } from "./shared/plug.js";
import { type TabName, takeTabName } from "./tab-name.js";
import { createTabs, type Role } from "./tabs.js";
import { wireTheme } from "./theme.js";

/** So much of a queue's room may be taken for it to have room again. */
const ROOM_AGAIN = 0.9;

const problems = createProblems(byId("problems"));
addEventListener("unhandledrejection", ({ reason }) => problems.report("Something went wrong", reason));

// Without noopener the new tab would inherit the session storage, this tab's name included.
byId("open-tab").addEventListener("click", () => open(location.href, "_blank", "noopener"));

const plots = createPlots();
wireTheme(() => plots.repaint());
problems.guard("The queue could not be opened", async () => {
  wirePlaces(placeOf(location.href));
  const tab = await takeTabName();
  showName(tab);
  await run(tab, createClock(), problems);
});

function showName({ name, colour }: TabName): void {
  setText(byId("tab-name"), name);
  byId("tab-dot").style.setProperty("--tab", colour);
  document.title = `${name} · OriginMQ live`;
}

/** What is known of this page where the queue lives: among the tabs of a browser, or among devices. */
async function openPlace(tab: TabName) {
  const plug = installPlug();
  if (placeOf(location.href) === "here") return { name: tab.name, plug, session: await openSession(undefined) };
  const name = `${tab.name} of ${deviceName()}`;
  const entry = await enter(name);
  const session = await openSession(entry);
  return { name, plug, session, shared: wireShared({ session, entry, plug, name, problems }) };
}

async function run(tab: TabName, clock: Clock, problems: Problems): Promise<void> {
  const { name, plug, session, shared } = await openPlace(tab);
  const { connection } = session;
  byId<InspectorElement>("inspector").connection = connection;
  const queue = shared?.queue ?? session.queue;
  const producer = createProducer({ queue, tab: name, clock, problems });
  const consumer = createConsumer({ queue, tab: name, clock, problems });
  wireImport({ queue, clock, problems });
  // It breaks what is in this browser; and what is on a server has left it.
  for (const id of ["lab", "bridges"]) byId(id).hidden = shared !== undefined;
  if (!shared) {
    wireLab({ session, tab: name, clock, problems });
    wireBridges({ session, name: `${tab.name} of ${deviceName()}`, tab: name, plug, clock, problems });
  }
  wirePatterns({ session, tab: name, clock, problems });

  const roles = byId<HTMLFieldSetElement>("roles");
  const role = () => (roles.querySelector("input:checked") as HTMLInputElement).value as Role;
  const tabs = createTabs(shared ? "shared" : "here", () => ({
    ...tab,
    role: role(),
    handled: consumer.log.handled,
    failed: consumer.log.failed,
  }));
  const panel = createQueuePanel(session, problems);
  const act = () => {
    producer.setActive(role() === "produce" || role() === "both");
    consumer.setActive(role() === "consume" || role() === "both");
    tabs.tell();
    panel.showTabs(tabs.list());
  };
  roles.addEventListener("change", act);
  tabs.onChange(() => panel.showTabs(tabs.list()));
  connection.addEventListener("hostchange", () => panel.showHost());
  panel.showHost();
  restoreSettings();
  act();

  const series = createSeries();
  let samples = 0;
  const refresh = async () => {
    const stats = await queue.stats();
    series.add(stats);
    consumer.show();
    panel.showHost();
    panel.showStats(stats, series.last);
    const waiting = stats.ready + stats.delayed + stats.blocked + stats.leased;
    if (waiting <= ROOM_AGAIN * session.room) problems.over("full");
    plots.show(series);
    // Once a second: what the other tabs are told.
    if (samples++ % 2 > 0) return;
    tabs.tell();
    panel.showTabs(tabs.list());
    await shared?.refresh();
  };
  // One look at a time: a slow answer makes the next look later, not the queue of looks longer.
  let looking = false;
  const look = () => {
    if (looking) return;
    looking = true;
    problems.guard("Looking at the queue failed", () => refresh().finally(() => (looking = false)));
  };
  look();
  clock.every(SAMPLE_MS, look);
}
