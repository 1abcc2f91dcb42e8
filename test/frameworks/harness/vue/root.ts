import { createSSRApp, Fragment, h } from "vue";
import App from "./App.vue";
import Flooded from "./Flooded.vue";
import Listed from "./Listed.vue";
import Saves from "./Saves.vue";

export const createRoot = () => createSSRApp({ render: () => h(Fragment, [h(App), h(Flooded), h(Listed), h(Saves)]) });
