// `npm run torture:bridge -- --minutes N [--only jetstream|mqtt] [--markdown FILE]`: bridges to a JetStream server, and then to an MQTT
// broker, under load and faults for so long each, then the checker's verdict. Exit code 0 only if valid.

import { torture } from "../../runner/torture.mjs";

torture(["node_modules/vitest/vitest.mjs", "run", "--project", "bridge-torture"], { takes: ["markdown", "only"] });
