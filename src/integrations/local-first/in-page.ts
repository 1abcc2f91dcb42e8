// Local first, for a page. Why it names more than that: src/wiring/parts/README.md.

export { createApi } from "../../wiring/api.js";
export { openLocalFirst } from "./open-local-first.js";
