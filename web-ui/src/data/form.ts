// The values of one offered form: where they start, what is wrong with them, what goes on the wire.
import type { AreaProperties, Feature, Field, Json, Ms } from "./contract";
import { charCount, normaliseLine, normaliseProse } from "./normalise";

export type Values = Record<string, Json>;
export interface Fault {
  key: string; // catalogue key under `offer.`
  named: Record<string, string | number>;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

function emptyOf(field: Field): Json {
  if (field.default !== null) return field.default;
  if (field.kind === "bool") return field.required ? null : false; // a required yes or no must be said
  if (field.kind === "choices") return [];
  if (field.kind === "text") return "";
  return null;
}

/** Defaults of the offer, overlaid with what a draft kept and the form still asks for. */
export function startingValues(fields: Field[], kept: Json = null): Values {
  const draft = kept !== null && typeof kept === "object" && !Array.isArray(kept) ? kept : {};
  return Object.fromEntries(
    fields.map((field) => [field.name, draft[field.name] ?? emptyOf(field)]),
  );
}

export function isArea(value: Json): boolean {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  const feature = value as unknown as Feature<AreaProperties>;
  return feature.geometry !== null || (feature.properties?.adcodes ?? []).length > 0;
}

function isEmpty(field: Field, value: Json): boolean {
  if (field.kind === "area") return !isArea(value);
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function integerFault(field: Field, value: Json, label: string): Fault | null {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    return { key: "not_integer", named: { label } };
  }
  const low = field.min !== null && value < field.min;
  const high = field.max !== null && value > field.max;
  if (!low && !high) return null;
  return { key: "out_of_range", named: { label, min: field.min ?? "", max: field.max ?? "" } };
}

/** A reference can only be chosen from what the node lists; an optional one without a list is not asked. */
export function isAsked(field: Field): boolean {
  return field.kind !== "ref" || field.required || (field.choices ?? []).length > 0;
}

/** The first thing wrong with a value; the node checks everything again. */
export function faultOf(field: Field, value: Json, label: string): Fault | null {
  if (isEmpty(field, value)) {
    return field.required ? { key: "field_required", named: { label } } : null;
  }
  switch (field.kind) {
    case "text": {
      const long = field.max_chars !== null && charCount(String(value)) > field.max_chars;
      return long ? { key: "too_long", named: { label, max: field.max_chars ?? 0 } } : null;
    }
    case "integer":
      return integerFault(field, value, label);
    case "date": {
      const text = String(value);
      if (!DATE.test(text)) return { key: "bad_date", named: { label } };
      const low = field.min_date !== null && text < field.min_date;
      const high = field.max_date !== null && text > field.max_date;
      if (!low && !high) return null;
      return { key: "out_of_range", named: { label, min: field.min_date ?? "", max: field.max_date ?? "" } };
    }
    default:
      return null;
  }
}

/** What is sent: normalised text, nothing for fields left empty. */
export function wireValues(fields: Field[], values: Values): Values {
  const out: Values = {};
  for (const field of fields) {
    const value = values[field.name] ?? null;
    if (isEmpty(field, value)) continue;
    if (field.kind === "text") {
      const text = String(value);
      out[field.name] = field.multiline ? normaliseProse(text) : normaliseLine(text);
    } else out[field.name] = value;
  }
  return out;
}

/** The instant of a local date-time as typed ("2026-03-02 10:04", Beijing time), or null. */
export function instantOf(text: string): Ms | null {
  const at = Date.parse(`${text.trim().replace(" ", "T")}:00+08:00`);
  return Number.isNaN(at) ? null : (at as Ms);
}
