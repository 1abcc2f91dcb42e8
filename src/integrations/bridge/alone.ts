// What one bridge of an origin may use at a time: the name that an engine knows it by.

/** Resolves, with what lets go, once nobody else of this origin holds it. Where there are no locks, whoever asks does. */
export function holdAlone(name: string, signal: AbortSignal): Promise<() => void> {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks;
  if (locks === undefined) return Promise.resolve(() => {});
  return new Promise((resolve, reject) => {
    locks.request(name, { signal }, () => new Promise<void>((letGo) => resolve(letGo))).catch(reject);
  });
}
