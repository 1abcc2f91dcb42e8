// Pages as browsers treat them: left, refused, framed, prerendered. One at a time: some open a browser of their own.

import { oneAtATime } from "../one-at-a-time.mjs";

export default oneAtATime("contexts");
