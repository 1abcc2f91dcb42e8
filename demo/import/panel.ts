// Where files are dropped, and how far they are. One file after the other.

import type { Clock } from "../clock.js";
import { byId, h, setText } from "../dom.js";
import { bytes, count, plural } from "../format.js";
import type { Problems } from "../problems.js";
import type { DemoQueue } from "../session.js";
import { type Format, formatOf } from "./records.js";
import { sampleFile } from "./sample.js";
import { type Progress, sendFile } from "./send-file.js";

export interface ImportParts {
  readonly queue: DemoQueue;
  readonly clock: Clock;
  readonly problems: Problems;
}

const SAMPLE_LINES = 10_000;
const FORMAT_NAMES: Readonly<Record<Format, string>> = { text: "text", csv: "CSV", jsonl: "JSON lines" };

export function wireImport(parts: ImportParts): void {
  const input = byId<HTMLInputElement>("file");
  let before = Promise.resolve();
  const take = (files: readonly File[]) => {
    for (const file of files) before = before.then(() => sendOne(file, parts));
  };

  input.addEventListener("change", () => {
    take([...(input.files ?? [])]);
    // So that the same file can be chosen again.
    input.value = "";
  });
  byId("sample").addEventListener("click", () => take([sampleFile(SAMPLE_LINES)]));
  wireDrop((files) => take(files));
}

/** The whole page takes files: one that misses the zone must not replace the page. */
function wireDrop(onFiles: (files: File[]) => void): void {
  const root = document.documentElement;
  const bringsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
  addEventListener("dragover", (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    root.classList.add("dragging");
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) root.classList.remove("dragging");
  });
  addEventListener("drop", (event) => {
    root.classList.remove("dragging");
    if (!bringsFiles(event)) return;
    event.preventDefault();
    onFiles([...(event.dataTransfer?.files ?? [])]);
  });
}

async function sendOne(file: File, { queue, clock, problems }: ImportParts): Promise<void> {
  const chosen = byId<HTMLSelectElement>("format").value as Format | "auto";
  const format = chosen === "auto" ? formatOf(file.name) : chosen;
  const cancelling = new AbortController();
  const cancel = byId<HTMLButtonElement>("import-cancel");
  const onCancel = () => cancelling.abort();
  let last: Readonly<Progress> | undefined;

  byId("import").hidden = false;
  setText(byId("import-name"), file.name);
  showSkipped(undefined);
  cancel.hidden = false;
  cancel.addEventListener("click", onCancel);

  const onProgress = (progress: Readonly<Progress>) => {
    last = progress;
    byId<HTMLProgressElement>("import-progress").value = file.size === 0 ? 1 : progress.bytes / file.size;
    byId("import-wait").hidden = !progress.isWaitingForRoom;
    const size = `${bytes(progress.bytes)} of ${bytes(file.size)}`;
    status(`${count(progress.sent)} sent, ${plural(progress.lines, "line")} and ${size} read`);
    showSkipped(progress);
  };

  try {
    await sendFile(file, { queue, clock, format, signal: cancelling.signal, onProgress });
    status(summary(last, format));
  } catch (error) {
    const sent = plural(last?.sent ?? 0, "message");
    if (cancelling.signal.aborted) status(`Cancelled. The ${sent} sent so far stay in the queue.`);
    else {
      status(`Stopped after ${sent}.`);
      problems.report(`Reading ${file.name} stopped`, error);
    }
  } finally {
    byId("import-wait").hidden = true;
    cancel.hidden = true;
    cancel.removeEventListener("click", onCancel);
  }
}

const status = (text: string) => setText(byId("import-status"), text);

function summary(progress: Readonly<Progress> | undefined, format: Format): string {
  if (progress === undefined || progress.lines === 0) return "The file is empty: no messages.";
  const { sent, empty, skippedCount } = progress;
  const but = [
    ...(empty > 0 ? [`${plural(empty, "empty line")} left out`] : []),
    ...(skippedCount > 0 ? [`${plural(skippedCount, "line")} skipped`] : []),
  ];
  return `Done: ${plural(sent, "message")} from ${FORMAT_NAMES[format]}${but.length > 0 ? `; ${but.join(", ")}` : ""}.`;
}

function showSkipped(progress: Readonly<Progress> | undefined): void {
  const details = byId("import-skipped");
  const list = details.querySelector("ul") as HTMLUListElement;
  const skipped = progress?.skipped ?? [];
  details.hidden = skipped.length === 0;
  if (skipped.length < list.children.length) list.replaceChildren();
  for (const { line, problem } of skipped.slice(list.children.length))
    list.append(h("li", {}, `Line ${count(line)} ${problem}`));
  const total = progress?.skippedCount ?? 0;
  const more = total > skipped.length ? `, the first ${skipped.length} here` : "";
  setText(
    details.querySelector("summary") as Element,
    `${plural(total, "line")} skipped: no message was made of ${total === 1 ? "it" : "them"}${more}`,
  );
}
