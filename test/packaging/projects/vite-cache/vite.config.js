import { defineConfig } from "vite";

export default defineConfig({
  cacheDir: ".cache",
});
