// Who hosts, since when, and who did before.

import type { Inspection, TakeOver } from "../../index.js";
import { createRows, h, setFigure } from "../elements/dom.js";
import { count, duration, instant } from "../elements/format.js";
import { makeBundle, parseBundle } from "./bundle.js";
import { download } from "./download.js";
import { ownOf } from "./own.js";
import { button, createFact, createTable } from "./parts.js";
import type { Inspecting, View } from "./view.js";

const HOST_WORDS: Readonly<Record<string, string>> = {
  "shared-worker": "SharedWorker",
  "dedicated-worker": "dedicated worker",
  "service-worker": "service worker",
  "in-process": "this process",
  server: "server",
};
/** A bundle may be of a kind that is not known here. */
export const hostWords = (kind: string): string => ownOf(HOST_WORDS, kind) ?? kind;

export function createHostView(inspecting: Inspecting): View {
  const facts = {
    kind: createFact("Runs in"),
    epoch: createFact("Term", "Rises with every take-over"),
    since: createFact("Hosts for"),
    build: createFact("Build"),
    clients: createFact("Clients"),
    instance: createFact("Instance", "Random, another one for each host"),
  };
  const table = createTable("Take-overs", [["Term", "number"], ["Began"], ["Lasted"]]);
  const rows = createRows<TakeOver & { readonly until: number | undefined }>(
    table.body,
    ({ epoch }) => String(epoch),
    ({ epoch, at }) => {
      const lasted = h("td", {});
      return {
        element: h(
          "tr",
          {},
          h("th", { scope: "row", class: "number" }, count(epoch)),
          h("td", {}, instant(at, inspecting.now())),
          lasted,
        ),
        update: ({ until }) => setFigure(lasted, until === undefined ? "hosts now" : duration(until - at)),
      };
    },
  );
  const note = h("p", { class: "note" }, "As far back as the journal goes: a checkpoint folds up what is older.");
  return {
    element: h(
      "div",
      { class: "page" },
      createBundling(inspecting),
      h("dl", { class: "facts" }, ...Object.values(facts).map(({ element }) => element)),
      h("section", {}, h("h3", { class: "title" }, "Take-overs, the latest first"), table.element, note),
    ),
    update({ at, host, clientCount, takeOvers }: Inspection) {
      facts.kind.set(hostWords(host.kind));
      facts.epoch.set(count(host.epoch));
      facts.since.set(duration(Math.max(0, at - host.since)));
      facts.build.set(String(host.build));
      facts.clients.set(count(clientCount));
      facts.instance.set(host.instance);
      rows.show(takeOvers.map((one, i) => ({ ...one, until: takeOvers[i + 1]?.at })).reverse());
    },
  };
}

/** A bundle made, opened, and left. */
function createBundling({ source, live, attempt, say, showBundle }: Inspecting): HTMLElement {
  const make = button("Save a support bundle", () =>
    attempt("The bundle could not be made", async () => {
      const bundle = await makeBundle(source);
      download(`originmq-${new Date(bundle.madeAt).toISOString().slice(0, 19).replaceAll(":", "-")}.json`, [
        JSON.stringify(bundle),
      ]);
      say("The bundle has bodies and headers by their shape alone, and errors as they were.");
    }),
  );
  const file = h("input", {
    type: "file",
    accept: ".json,application/json",
    class: "visually-hidden",
    tabindex: "-1",
    "aria-label": "Support bundle",
  });
  file.addEventListener("change", () =>
    attempt("The bundle could not be opened", async () => {
      const [chosen] = file.files ?? [];
      // The same file may be chosen again, mended.
      file.value = "";
      if (chosen) showBundle(parseBundle(await chosen.text()));
    }),
  );
  const open = button("Open a bundle…", () => file.click(), "quiet");
  const leave = button("Leave the bundle", () => showBundle(undefined), "quiet");
  return h("div", { class: "toolbar" }, ...(live ? [make, open, file] : [leave, open, file]));
}
