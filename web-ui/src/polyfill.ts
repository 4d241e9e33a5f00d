// What libraries use and Chrome 86 lacks. Syntax is lowered by the build; these are methods.

function at<T>(this: ArrayLike<T>, index: number): T | undefined {
  const i = Math.trunc(index) || 0;
  return this[i < 0 ? this.length + i : i];
}

function define(target: object, name: string, value: unknown): void {
  if (name in target) return;
  Object.defineProperty(target, name, { value, writable: true, configurable: true });
}

define(Array.prototype, "at", at);
define(String.prototype, "at", at);
define(Array.prototype, "findLast", function <T>(this: T[], test: (v: T, i: number, all: T[]) => boolean) {
  for (let i = this.length - 1; i >= 0; i -= 1) {
    const value = this[i] as T;
    if (test(value, i, this)) return value;
  }
  return undefined;
});
define(Object, "hasOwn", (target: object, key: PropertyKey) => Object.prototype.hasOwnProperty.call(target, key));
define(globalThis, "structuredClone", (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown);
define(globalThis, "queueMicrotask", (job: () => void) => void Promise.resolve().then(job));
