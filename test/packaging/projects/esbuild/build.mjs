import { build } from "esbuild";

await build({
  entryPoints: {
    main: "main.js",
  },
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "esm",
});
