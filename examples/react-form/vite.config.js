import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { notes } from "./notes.mjs";

export default defineConfig({ plugins: [react(), notes()] });
