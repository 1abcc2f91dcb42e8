// How soon others take over from tabs and hosts that die, in a quiet browser: these assert times, and run alone.

import { oneAtATime } from "../one-at-a-time.mjs";

export default oneAtATime("recovery");
