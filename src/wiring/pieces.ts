// The part that encrypts backups, loaded where a key is given.

export { isSealed, openPieces, sealPieces } from "../encryption/pieces.js";
