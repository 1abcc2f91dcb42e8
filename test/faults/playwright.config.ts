// Faults injected for real, in Chromium; what pages forbid also in Firefox and WebKitGTK. One at a time: the times measured must be those of one browser.

import { oneAtATime } from "../one-at-a-time.mjs";

export default oneAtATime("faults");
