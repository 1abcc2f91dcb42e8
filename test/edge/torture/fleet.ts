// The devices of the torture: tabs, each in a browser of its own, and processes, each with a line of its own to the server.
// Those that die are replaced under a new name.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";
import { build } from "esbuild";
import { browserLaunchOptions } from "../../browser-launch.mjs";
import type { Report } from "../../faults/page/lab.js";
import type { DeviceLoad } from "../device.js";
import { type DeviceProcess, startDevice } from "../device-process.js";
import { type FaultyLine, startFaultyLine } from "../proxy.js";
import type { Recorder } from "../recorder.js";

export const TABS = 4;
export const PROCESSES = 2;
/** Less than all of them handle, of groups too, with what faults leave of the time. */
const LOAD: DeviceLoad = { everyMs: 200, burst: 1, groups: 100, handlerMs: 5, slowMs: 1_500 };

export interface Member extends Pick<DeviceProcess, "name" | "evaluate" | "kill"> {
  readonly kind: "tab" | "process";
  readonly line: FaultyLine;
}

export interface Fleet {
  readonly live: ReadonlySet<Member>;
  /** Opens what is missing. */
  fill(): Promise<void>;
  /** Ends one without a word: a browser with its tab, or a process. */
  kill(member: Member): Promise<void>;
}

export interface Pages {
  readonly origin: string;
  close(): void;
}

/** Serves the page of the tabs. */
export async function servePages(): Promise<Pages> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("page.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
  });
  const [script] = outputFiles;
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(
      isScript
        ? script?.contents
        : '<!doctype html><title>A device</title><script type="module" src="/page.js"></script>',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

export interface FleetParts {
  readonly recorder: Recorder;
  readonly pages: Pages;
  readonly serverUrl: string;
  /** Where the processes' script lies. */
  readonly folder: string;
}

export function createFleet({ recorder, pages, serverUrl, folder }: FleetParts): Fleet {
  const live = new Set<Member>();
  let named = 0;

  const openTab = async (name: string, url: string): Promise<Pick<Member, "evaluate" | "kill">> => {
    const server = await chromium.launchServer(browserLaunchOptions());
    const browser = await chromium.connect(server.wsEndpoint());
    const page = await browser.newPage();
    await page.exposeFunction("tellDriver", (event: Report) => recorder.take(name, event));
    await page.goto(`${pages.origin}/?${new URLSearchParams({ name, url })}`);
    await page.waitForFunction(() => globalThis.device !== undefined, undefined, { timeout: 60_000 });
    return {
      evaluate: (run, argument) =>
        page.evaluate(({ source, argument: given }) => new Function(`return (${source})`)()(globalThis.device, given), {
          source: run.toString(),
          argument,
        }) as never,
      kill: () => server.kill(),
    };
  };

  const open = async (kind: Member["kind"]) => {
    const name = `${kind}${++named}`;
    const line = await startFaultyLine(serverUrl);
    const url = `${line.url}/mq/torture`;
    const opened = kind === "tab" ? await openTab(name, url) : await startDevice(recorder, { name, url }, folder);
    const member: Member = { ...opened, name, kind, line };
    await member.evaluate((device, load) => device.start(load), LOAD);
    live.add(member);
  };

  return {
    live,
    async fill() {
      for (const [kind, wanted] of [["tab", TABS] as const, ["process", PROCESSES] as const]) {
        const missing = wanted - [...live].filter((member) => member.kind === kind).length;
        for (let i = 0; i < missing; i++) await open(kind);
      }
    },
    async kill(member) {
      const { name: consumer, line } = member;
      live.delete(member);
      recorder.history.push({ type: "crash", consumer, at: performance.now(), begins: true });
      await member.kill();
      // What it had said may still be on its way to this process.
      await new Promise((resolve) => setTimeout(resolve, 200));
      recorder.history.push({ type: "crash", consumer, at: performance.now() });
      await line.close();
    },
  };
}
