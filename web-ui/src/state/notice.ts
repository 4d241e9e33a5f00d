// Short messages over the page: what has been done, and what was refused.
import { ElMessage } from "element-plus/es/components/message/index.mjs";
import { words } from "../locale";
import { troubleOf } from "./load";

const SHOWN_MS = 4_000;

export function sayDone(text: string): void {
  ElMessage({ message: text, type: "success", duration: SHOWN_MS, grouping: true });
}

export function sayAlert(text: string): void {
  ElMessage({ message: text, type: "warning", duration: SHOWN_MS, grouping: true });
}

export function sayRefused(error: unknown): void {
  const trouble = troubleOf(error);
  ElMessage({ message: words(trouble.text), type: "error", duration: 2 * SHOWN_MS, grouping: true, showClose: true });
}
