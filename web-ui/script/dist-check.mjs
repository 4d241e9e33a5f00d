// Refuses a build that an office PC could not run: newer CSS than Chrome 86 knows, any address on
// the internet, or a page that has outgrown an old disk.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const DIST = new URL("../dist/", import.meta.url).pathname;
const TOTAL_BYTES_MAX = 3_000_000;
const CSS_TOO_NEW = [
  /:has\(/, /:is\(/, /:where\(/, /aspect-ratio\s*:/, /@container/, /@layer/, /(?<![\w-])inset\s*:/,
  /accent-color\s*:/, /\d(dvh|svh|lvh|dvw)\b/, /color-mix\(/, /:focus-within\(/, /\boklch\(/, /@property/,
];
// Names of XML languages and licence notes are no addresses that a page loads.
const ADDRESS = /https?:\/\/(?!www\.w3\.org\/|localhost|vuejs\.org|router\.vuejs\.org|element-plus\.org|github\.com|epsg\.io|www\.opengis\.net|openlayers\.org)[\w.-]+/g;
const LOADS = /(?:src|href)\s*=\s*["']https?:|url\(\s*["']?https?:|@import\s+["']https?:/;

const files = readdirSync(DIST, { recursive: true }).map(String).filter((f) => statSync(join(DIST, f)).isFile());
const problems = [];
let total = 0;
for (const file of files) {
  const path = join(DIST, file);
  total += statSync(path).size;
  const text = readFileSync(path, "utf8");
  if (file.endsWith(".css")) {
    for (const rule of CSS_TOO_NEW) if (rule.test(text)) problems.push(`${file}: ${rule} is newer than Chrome 86`);
  }
  if (LOADS.test(text)) problems.push(`${file}: loads something from another host`);
  for (const address of new Set(text.match(ADDRESS) ?? [])) problems.push(`${file}: names ${address}`);
}
if (total > TOTAL_BYTES_MAX) problems.push(`dist has ${total} bytes, more than ${TOTAL_BYTES_MAX}`);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`dist: ${files.length} files, ${total} bytes\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
