// The host in the same process, for a page that only sends. Why it names more than that: README.md.

export { createInProcess } from "../in-process.js";
export { createSendApi } from "../send.js";
