// What input methods leave behind: full-width digits and letters, and five ways to write the dot
// of a Uyghur or Tibetan name. One form is kept so that search, ID checks and comparison agree.

const FULL_WIDTH_SHIFT = 0xfee0;
const NAME_DOTS = /[•・‧∙･]/g; // all written as U+00B7
const FULL_WIDTH_DIGIT = /[０-９]/g;
const FULL_WIDTH_ALNUM = /[０-９Ａ-Ｚａ-ｚ]/g;

const narrow = (c: string): string => String.fromCharCode(c.charCodeAt(0) - FULL_WIDTH_SHIFT);

/** For free prose: digits and name dots only; punctuation and letters stay as written. */
export function normaliseProse(text: string): string {
  return text.replace(FULL_WIDTH_DIGIT, narrow).replace(NAME_DOTS, "·");
}

/** For names, numbers and search: letters and the ideographic space too; ends trimmed. */
export function normaliseLine(text: string): string {
  return text
    .replace(FULL_WIDTH_ALNUM, narrow)
    .replace(NAME_DOTS, "·")
    .replace(/\u3000/g, " ")
    .trim();
}

/** Characters as people count them (a rare ideograph is one, though it is two UTF-16 units). */
export function charCount(text: string): number {
  return Array.from(text).length;
}
