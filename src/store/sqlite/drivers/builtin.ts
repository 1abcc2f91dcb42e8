// Modules of the runtime's own, without an import: a bundler would look for them where there are none.

/** `undefined` where the runtime has no such module, or is none that has modules of its own. */
export function builtin<T>(name: string): T | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.(name) as T | undefined;
}
