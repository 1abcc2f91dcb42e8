// What the commands of the benchmark have in common.

const isTerminal = process.stderr.isTTY;

/** Shows how far it is: on a terminal in place of what was shown before. @param {string} line */
export const say = (line) => process.stderr.write(isTerminal ? `\r\x1b[K${line}` : `${line}\n`);

/** @param {string} given @returns {import("./browser.mjs").BrowserName} */
export function browserNamed(given) {
  if (given !== "chromium" && given !== "firefox") throw new Error(`--browser takes chromium or firefox, not ${given}`);
  return given;
}

/** @param {string} given */
export function roundsOf(given) {
  const rounds = Number(given);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds takes a number from 1, not ${given}`);
  return rounds;
}
