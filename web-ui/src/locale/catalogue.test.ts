/// <reference types="node" />
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import en from "./en.json";
import zh from "./zh-CN.json";

type Tree = { [key: string]: string | Tree };

function entries(tree: Tree, path = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [[path + key, value] as [string, string]] : entries(value, `${path}${key}.`),
  );
}

const placeholders = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

const BANNED = [
  "节点", "哈希", "分叉", "信封", "散列", "签名链", "副本", "合并冲突", "罪犯", "服刑人员", "矫正人员", "犯人",
  /\bnode/i, /\bhash/i, /\bfork/i, /envelope/i, /contested/i, /frontier/i, /replica/i, /automerge/i, /crdt/i, /\bsync/i,
];

const ROOT = new URL("..", import.meta.url).pathname;
const source = readdirSync(ROOT, { recursive: true })
  .map(String)
  .filter((file) => /\.(ts|vue)$/.test(file) && !file.endsWith(".test.ts"))
  .map((file) => readFileSync(join(ROOT, file), "utf8"))
  .join("\n");

describe("the catalogues", () => {
  it("hold_every_key_the_pages_use_and_no_other", () => {
    const held = new Set(entries(zh).map(([key]) => key));
    for (const [, key] of source.matchAll(/\bt\(["']([\w.]+)["']/g)) {
      expect(held.has(key ?? ""), `${key} is used and not held`).toBe(true);
    }
    for (const key of held) {
      const group = key.split(".")[0] ?? "";
      const used = source.includes(key) || source.includes(`${group}.\${`);
      expect(used, `${key} is held and not used`).toBe(true);
    }
  });

  it("say_the_same_things_in_both_languages", () => {
    const z = new Map(entries(zh));
    const e = new Map(entries(en));
    expect([...e.keys()].sort()).toEqual([...z.keys()].sort());
    for (const [key, text] of z) {
      expect(placeholders(e.get(key) ?? ""), key).toEqual(placeholders(text));
    }
  });

  it("never_show_officers_technical_words_or_old_names_for_people", () => {
    for (const [key, text] of [...entries(zh), ...entries(en)]) {
      for (const word of BANNED) {
        const found = typeof word === "string" ? text.includes(word) : word.test(text);
        expect(found, `${key}: ${text}`).toBe(false);
      }
    }
  });

  it("leave_no_text_empty", () => {
    for (const [key, text] of [...entries(zh), ...entries(en)]) {
      expect(text.trim(), key).not.toBe("");
    }
  });
});
