// Faults injected for real, in Chromium. One at a time: several end the browser, fill its disk or move its clock.

import { oneAtATime } from "../one-at-a-time.mjs";

export default oneAtATime("faults");
