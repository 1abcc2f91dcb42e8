// The host in the same process, for a page. Why it names more than that: README.md.

export { createApi } from "../api.js";
export { createInProcess } from "../in-process.js";
