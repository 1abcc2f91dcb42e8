// What `fc.anything` is to make besides JSON: every kind of value that structured clone keeps and it knows.

export const CLONEABLE_KINDS = {
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
} as const;
