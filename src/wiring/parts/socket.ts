// The way to a host on a server, for a page. Why it names more than that: README.md.

export { createApi } from "../api.js";
export { createSocketWay } from "../socket.js";
