#!/usr/bin/env bash
# croner 11.0.1, the day on which the clock skips the hour from 02:00 to 03:00 (Europe/Berlin, 29 March 2026).
#
# One would expect one rule for all expressions that name the missing hour. There are two. A single fixed time in it
# (30 2 * * *) still ticks that day, but at 03:00 sharp, the first instant after the gap: neither skipped, as Spring's
# and node-cron's are documented to be, nor moved by the hour to 03:30, as croner did at first (its pull request 144
# says 03:30, after the example of Vixie cron). A list or step of minutes in the same hour (*/15 2 * * *) does not tick
# that day at all: four ticks less, and none at 03:00 in their place. `previousRuns`, which looks back, agrees with
# `nextRuns` on both.
#
# Source: github.com/Hexagon/croner, pull request 144; the output below is what 11.0.1 does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent croner@11.0.1
cat >look.mjs <<'JS'
import { Cron } from "croner";
const noon = new Date("2026-03-28T12:00:00Z");
const ahead = (cron) => new Cron(cron, { timezone: "Europe/Berlin" }).nextRuns(2, noon).map((at) => at.toISOString());
const back = (cron) =>
  new Cron(cron, { timezone: "Europe/Berlin" })
    .previousRuns(8, new Date("2026-03-30T12:00:00Z"))
    .map((at) => at.toISOString())
    .filter((at) => at.startsWith("2026-03-29"));
console.log("30 2 * * *   next:", ahead("30 2 * * *").join(" "), "| back, that day:", back("30 2 * * *").join(" ") || "none");
console.log("*/15 2 * * * next:", ahead("*/15 2 * * *").join(" "), "| back, that day:", back("*/15 2 * * *").join(" ") || "none");
JS
node look.mjs | tee seen.txt
cat >expected.txt <<'TXT'
30 2 * * *   next: 2026-03-29T01:00:00.000Z 2026-03-30T00:30:00.000Z | back, that day: 2026-03-29T01:00:00.000Z
*/15 2 * * * next: 2026-03-30T00:00:00.000Z 2026-03-30T00:15:00.000Z | back, that day: none
TXT
diff expected.txt seen.txt && echo "as seen before"
