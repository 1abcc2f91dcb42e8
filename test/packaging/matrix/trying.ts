// A way of a tool, tried: built, served, opened in two tabs; where a line is to be added, without it first.

import { expect } from "vitest";
import type { useBrowser } from "../browser.js";
import type { Tool, Way } from "./cases.js";
import type { Project } from "./project.js";
import { driveTwoTabs, type Seen } from "./two-tabs.js";

type Browser = ReturnType<typeof useBrowser>;

/** What every page of the package is to show, however it was built. */
const WORKING: Seen = { hosts: ["shared-worker"], workers: 1, isHandled: true, complaints: [] };

/** With the address of what was built and served; nothing of it is left after. */
async function opened<Result>(project: Project, way: Way, use: (address: string) => Promise<Result>): Promise<Result> {
  const serving = await project.open(way);
  try {
    return await use(serving.address);
  } finally {
    await serving.end();
  }
}

/** Resolves with what two tabs see; rejects where that is not what they are to see. `also`: what else is tried of the page. */
export async function tryWay(
  browser: Browser,
  project: Project,
  { tool, way, also }: { tool: Tool; way: Way; also?: (address: string) => Promise<void> },
): Promise<Seen> {
  const { line } = way;
  if (line) {
    const { failed } = await opened(project, way, (address) => driveTwoTabs(browser, address));
    expect(failed, "without the line").toMatch(/^the worker of OriginMQ could not be started from http.*-worker\.js/);
    expect(failed).toContain(line.text);
    expect(failed).toContain("docs/bundlers.md");
    project.add(line);
  }
  return opened(project, way, async (address) => {
    if (tool.isRendered) {
      const html = await (await fetch(address)).text();
      expect(html.replaceAll(/<!--.*?-->/gs, "")).toContain("opening: 0 waiting");
    }
    const seen = await driveTwoTabs(browser, address);
    expect(seen, JSON.stringify(seen)).toEqual(WORKING);
    await also?.(address);
    return seen;
  });
}
