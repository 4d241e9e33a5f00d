// While a Chinese input method is composing, Enter chooses a candidate; it must reach nothing else.

const KEY_PROCESSED_BY_IME = 229; // what older Chromium reports instead of isComposing

export interface KeyLike {
  key: string;
  isComposing: boolean;
  keyCode: number;
}

export function isComposing(event: KeyLike): boolean {
  return event.isComposing || event.keyCode === KEY_PROCESSED_BY_IME;
}

/** Stops Enter and Escape at the window while composing, before any component hears of it. */
export function guardComposition(target: Window): void {
  target.addEventListener(
    "keydown",
    (event) => {
      if ((event.key === "Enter" || event.key === "Escape") && isComposing(event)) {
        event.stopImmediatePropagation();
        if (event.key === "Enter") event.preventDefault(); // nor may the form submit itself
      }
    },
    true,
  );
}
