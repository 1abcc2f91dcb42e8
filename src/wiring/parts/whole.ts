// What a page's client has beside sending. Why it names more than that: README.md.

export { whole } from "../../client/connection/whole.js";
export { createApi } from "../api.js";
