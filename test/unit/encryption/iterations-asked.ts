import { vi } from "vitest";

/** How many iterations of a password somebody has asked for, each time; so many are not done, until mocks are restored. */
export function iterationsAsked(): number[] {
  const { deriveKey } = SubtleCrypto.prototype;
  const asked: number[] = [];
  vi.spyOn(SubtleCrypto.prototype, "deriveKey").mockImplementation(function (this: SubtleCrypto, ...given) {
    const [algorithm, ...rest] = given as [Pbkdf2Params, ...unknown[]];
    const few = algorithm.name === "PBKDF2" && asked.push(algorithm.iterations) > 0;
    return deriveKey.apply(this, [few ? { ...algorithm, iterations: 1 } : algorithm, ...rest] as never);
  });
  return asked;
}
