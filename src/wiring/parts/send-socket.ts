// The way to a host on a server, for a page that only sends. Why it names more than that: README.md.

export { createSendApi } from "../send.js";
export { createSocketWay } from "../socket.js";
