// Whether what lies where a piece of a checkpoint should be is one: what is damaged must not pass for a piece that says less.

/** Lists of a piece that have an element for each of its entries, as its typed columns do. */
const LISTS = ["ids", "groups", "dead", "schedules"] as const;

export function isWholePiece(piece: unknown): boolean {
  if (typeof piece !== "object" || piece === null) return false;
  const members = piece as Readonly<Record<string, unknown>>;
  // Of a later build there may be kinds that this one does not know.
  if (typeof members.kind !== "string" || typeof members.v !== "number") return false;
  const lengths = Object.values(members).flatMap((value) => (ArrayBuffer.isView(value) ? [lengthOf(value)] : []));
  for (const name of LISTS) if (Array.isArray(members[name])) lengths.push((members[name] as unknown[]).length);
  return lengths.every((length) => length === lengths[0]);
}

const lengthOf = (view: ArrayBufferView): number => (view as Float64Array).length;
