import { renderToString } from "vue/server-renderer";
import { createRoot } from "./root";

export const render = async () => ({ head: "", body: await renderToString(createRoot()) });
