// VitePress's own theme, and the playground's editor.

import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme";
import "./style.css";
import { Playground } from "./playground.js";

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("Playground", Playground);
  },
} satisfies Theme;
