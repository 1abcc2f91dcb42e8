import { defineConfig } from "vite";
import { VitePWA } from "vite-plugin-pwa";
import { notes } from "./notes.mjs";

export default defineConfig({
  plugins: [
    notes(),
    VitePWA({
      strategies: "injectManifest",
      srcDir: "src",
      filename: "sw.js",
      // What of the build is kept for a start without a network: the workers that host the queues are among it.
      injectManifest: { globPatterns: ["**/*.{html,js,css}"] },
      manifest: { name: "Notes", short_name: "Notes", theme_color: "#ffffff", icons: [] },
    }),
  ],
});
