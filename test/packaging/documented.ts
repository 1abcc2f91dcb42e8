// What docs/edge.md says to write down where the package is deployed, as it stands there.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/package-layout.mjs";

const page = readFileSync(join(ROOT, "docs/edge.md"), "utf8");

function found(pattern: RegExp): string {
  const [, text] = pattern.exec(page) ?? [];
  if (text === undefined) throw new Error(`docs/edge.md has nothing like ${pattern}`);
  return text;
}

export const UNIT = found(/```ini\n([\s\S]*?)```/);
const container = found(/```dockerfile\n([\s\S]*?)```/);
const inContainer = (pattern: RegExp) => pattern.exec(container)?.[1] ?? "";

/** How each of them starts a server: the program's name first. */
export const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  "the container file": JSON.parse(inContainer(/^CMD (.*)$/m)),
  "the unit of systemd": (/^ExecStart=(.*)$/m.exec(UNIT)?.[1] ?? "").split(" "),
};
/** A line for a shell; the server's numbers are those by default. */
export const HEALTHCHECK = inContainer(/^HEALTHCHECK CMD (.*)$/m);

export const WRANGLER = found(/```jsonc\n([\s\S]*?)```/);
/** Its `tillOf` is the application's own. */
export const WORKER = found(/```ts\n([^`]*extends QueueObject[\s\S]*?)```/);
