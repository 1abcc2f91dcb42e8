// The devices of the torture: tabs, each in a browser of its own, and processes, each with a line of its own to the server.
// Those that die are replaced under a new name.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { chromium, firefox } from "@playwright/test";
import { build } from "esbuild";
import { browserLaunchOptions } from "../../browser-launch.mjs";
import { findFirefox } from "../../engines/find-engines.mjs";
import type { Report } from "../../faults/page/lab.js";
import type { DeviceLoad } from "../device.js";
import { type DeviceProcess, startDevice } from "../device-process.js";
import { type FaultyLine, startFaultyLine } from "../proxy.js";
import type { Recorder } from "../recorder.js";

const firefoxPath = findFirefox();
/** How many there are of each kind: four browsers, one of them Firefox where there is one. */
export const MEMBERS = { Chromium: firefoxPath ? 3 : 4, Firefox: firefoxPath ? 1 : 0, "Node process": 2 };
type Kind = keyof typeof MEMBERS;

/** What sends wait for beyond it, so that there is never more than can be handled: what faults leave of the time differs. */
export const WAITING_MAX = 500;
const LOAD: DeviceLoad = { everyMs: 100, openMax: 100, groups: 100, handlerMs: 5, slowMs: 1_500 };

export interface Member extends Pick<DeviceProcess, "name" | "evaluate" | "kill"> {
  readonly kind: Kind;
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

  const openTab = async (kind: Kind, name: string, url: string): Promise<Pick<Member, "evaluate" | "kill">> => {
    const [engine, options] =
      kind === "Firefox"
        ? ([firefox, { channel: "moz-firefox", ...(firefoxPath && { executablePath: firefoxPath }) }] as const)
        : ([chromium, browserLaunchOptions()] as const);
    const server = await engine.launchServer(options);
    const browser = await engine.connect(server.wsEndpoint());
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

  const open = async (kind: Kind) => {
    const name = `${kind.split(" ", 1)}${++named}`;
    const line = await startFaultyLine(serverUrl);
    const url = `${line.url}/mq/torture`;
    const isProcess = kind === "Node process";
    const opened = isProcess ? await startDevice(recorder, { name, url }, folder) : await openTab(kind, name, url);
    const member: Member = { ...opened, name, kind, line };
    await member.evaluate((device, load) => device.start(load), LOAD);
    live.add(member);
  };

  return {
    live,
    async fill() {
      for (const [kind, wanted] of Object.entries(MEMBERS) as [Kind, number][]) {
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
