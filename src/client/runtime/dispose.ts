// `Symbol.asyncDispose` where the engine has it, and a stand-in of the same description where it does not yet.

export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for("Symbol.asyncDispose") as typeof Symbol.asyncDispose);
