import { createSSRApp, Fragment, h } from "vue";
import App from "./App.vue";
import Flooded from "./Flooded.vue";

export const createRoot = () => createSSRApp({ render: () => h(Fragment, [h(App), h(Flooded)]) });
