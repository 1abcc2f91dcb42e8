// The part of the matrix whose tools this repository has installed: each builds the page with no more than what
// docs/bundlers.md says. What else there is, `npm run test:packaging -- --all` installs.

import { describe, expect, inject, test } from "vitest";
import { useBrowser, withServer } from "./browser.js";
import { commandOf, TOOLS } from "./matrix/cases.js";
import { here } from "./matrix/project.js";
import { tryWay } from "./matrix/trying.js";
import { driveTwoTabs } from "./matrix/two-tabs.js";

const { app } = inject("packed");
const browser = useBrowser();

const HERE = TOOLS.map((tool) => ({ ...tool, ways: tool.ways.filter(({ isHere }) => isHere) })).filter(
  ({ ways }) => ways.length > 0,
);

describe.each(HERE)("of two tabs one handles what the other sends, by way of one host: $name", (tool) => {
  const project = here(tool, app);

  test.each(tool.ways.map((way) => ({ way, command: commandOf(way) || tool.name })))("$command", async ({ way }) => {
    const onServer = (address: string) =>
      withServer(address, async (url) => {
        const { isHandled, complaints } = await driveTwoTabs(browser, `${address}?url=${url}`);
        expect({ isHandled, complaints }).toEqual({ isHandled: true, complaints: [] });
      });
    await tryWay(browser, project, { tool, way, also: onServer });
  });
});
