// Offices as a tree, flattened for a table: each below its superior, by code.
import type { NetworkOffice } from "./contract";

export interface Branch {
  item: NetworkOffice;
  depth: number;
}

/** Offices whose superior is not listed stand at the top. Each office appears once. */
export function arrange(offices: NetworkOffice[]): Branch[] {
  const ids = new Set(offices.map((o) => o.office.id));
  const sorted = [...offices].sort((a, b) => a.office.code.localeCompare(b.office.code));
  const out: Branch[] = [];
  const placed = new Set<string>();
  const place = (item: NetworkOffice, depth: number): void => {
    if (placed.has(item.office.id)) return;
    placed.add(item.office.id);
    out.push({ item, depth });
    for (const child of sorted) if (child.parent_id === item.office.id) place(child, depth + 1);
  };
  for (const item of sorted) {
    if (item.parent_id === null || !ids.has(item.parent_id)) place(item, 0);
  }
  for (const item of sorted) place(item, 0); // a circle of parents is shown, not lost
  return out;
}
