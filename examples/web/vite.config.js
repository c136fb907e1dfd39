import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// One source tree, two releases: what is a release's own is in src/releases/RELEASE, as in examples/api.
const release = process.env.RELEASE ?? "2.0.0";
const own = fileURLToPath(new URL(`src/releases/${release}/`, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@release": `${own}index.ts` } },
  build: {
    outDir: process.env.OUT ?? `releases/${release}`,
    emptyOutDir: true,
    // Each asset is a file of its own: a content security policy need not allow data: then.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // React is distributed with the bundle, and so is its license.
    license: { fileName: "licenses.txt" },
    rolldownOptions: {
      output: {
        // React has a file of its own, which a release that changes only the application does not publish again.
        codeSplitting: { groups: [{ name: "react", test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/ }] },
      },
    },
  },
});
