import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

// The oldest browser in township offices: the last Chromium line that Windows 7 images still carry.
const OLDEST_BROWSER = "chrome86";
const stub = process.env["JIAOLIAN_URL"] ?? "http://127.0.0.1:8600";

export default defineConfig({
  // Spaces between words of a line are meant: Chinese names and their offices must not run together.
  plugins: [vue({ template: { compilerOptions: { whitespace: "preserve" } } })],
  base: "./",
  build: {
    target: OLDEST_BROWSER,
    cssTarget: OLDEST_BROWSER,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": stub } },
  test: { include: ["src/**/*.test.ts"] },
});
