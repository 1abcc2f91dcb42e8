// Asking the browser to keep the origin's data.

/** The question that the browser has not answered yet: it may put it to the user, who may never answer. */
let asked: Promise<boolean> | undefined;

/** Whether the browser keeps the origin's data from now on; `false` where nobody can ask. Never to be waited for. */
export function persist(): Promise<boolean> {
  const ask = async () => {
    try {
      return (await globalThis.navigator?.storage?.persist?.()) ?? false;
    } catch {
      return false;
    }
  };
  asked ??= ask().finally(() => {
    asked = undefined;
  });
  return asked;
}
