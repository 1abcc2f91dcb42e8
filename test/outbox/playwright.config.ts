// The outbox in browsers, against a real server. One at a time: several move the clock or end the browser.

import { oneAtATime } from "../one-at-a-time.mjs";

export default oneAtATime("outbox");
