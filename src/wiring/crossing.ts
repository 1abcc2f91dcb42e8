// The part that encrypts what crosses a bridge, loaded where a key is given.

export { createCrossingOpener, createCrossingSeal } from "../encryption/crossing.js";
