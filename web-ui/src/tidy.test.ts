/// <reference types="node" />
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const LINES_MAX = 400;
const ROOT = new URL(".", import.meta.url).pathname;
const files = readdirSync(ROOT, { recursive: true })
  .map(String)
  .filter((file) => /\.(ts|vue)$/.test(file) && !/\.(test|d)\.ts$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(ROOT, file), "utf8") }));
const importsOf = (text: string): string[] => [...text.matchAll(/from "([^"]+)"/g)].map((m) => m[1] ?? "");

describe("the house", () => {
  it("keeps_data_free_of_the_screen", () => {
    for (const { file, text } of files.filter((f) => f.file.startsWith("data/"))) {
      for (const name of importsOf(text)) expect(name.startsWith("./"), `${file} imports ${name}`).toBe(true);
    }
  });

  it("lets_no_part_know_a_view", () => {
    for (const { file, text } of files.filter((f) => /^(part|state)\//.test(f.file))) {
      for (const name of importsOf(text)) expect(name.includes("/view/"), `${file} imports ${name}`).toBe(false);
    }
  });

  it("opens_every_file_with_why_it_exists", () => {
    for (const { file, text } of files) {
      const first = file.endsWith(".vue") ? text.split("\n")[1] : text.split("\n")[0];
      expect(first?.startsWith("// "), file).toBe(true);
    }
  });

  it("keeps_files_short_and_free_of_other_hosts_and_raw_markup", () => {
    for (const { file, text } of files) {
      expect(text.split("\n").length, file).toBeLessThanOrEqual(LINES_MAX);
      expect(/https?:\/\//.test(text), file).toBe(false);
      expect(/v-html|innerHTML/.test(text), file).toBe(false);
    }
  });

  it("writes_no_chinese_in_templates_outside_the_catalogue", () => {
    for (const { file, text } of files.filter((f) => f.file.endsWith(".vue"))) {
      const template = text.slice(text.indexOf("<template>"), text.indexOf("<style"));
      const stray = template.replace(/format="[^"]*"/g, "").match(/[\u4e00-\u9fff]+/);
      expect(stray?.[0], file).toBeUndefined();
    }
  });
});
