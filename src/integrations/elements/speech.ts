// What an element says, in the language of its reader: texts with places for values, plurals, numbers and times.
// Invariant: every rule of a language is the platform's (`Intl`); a text says only what stands where.

/** Of a text that counts: a form for each plural category of its language that has one, and `other` for the rest. */
export interface Forms extends Partial<Record<Intl.LDMLPluralRule, string>> {
  /** Where no other category is meant, or has a form. */
  readonly other: string;
}

/** With places like `{count}` or `{title}`, which may stand anywhere, or be left out. Of forms, `count` chooses. */
export type Text = string | Forms;

export interface Speech<Key extends string> {
  /** BCP 47. */
  readonly language: string;
  say(key: Key, values?: Readonly<Record<string, string | number>>): string;
  /** Like "in 12 seconds", of an instant that is to come. */
  until(at: number, now: number): string;
  /** The time of day, with the date where that is another. */
  time(at: number, now: number): string;
}

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

export function createSpeech<Key extends string>(texts: Readonly<Record<Key, Text>>, language: string): Speech<Key> {
  const plurals = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  const relative = new Intl.RelativeTimeFormat(language);
  const times = new Intl.DateTimeFormat(language, { timeStyle: "short" });
  const dates = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  return {
    language,
    say(key, values = {}) {
      const text = texts[key];
      const form = typeof text === "string" ? text : (text[plurals.select(Number(values.count))] ?? text.other);
      return form.replace(/\{(\w+)\}/g, (place, name: string) => {
        const value = values[name];
        return typeof value === "number" ? numbers.format(value) : (value ?? place);
      });
    },
    until(at, now) {
      const ms = Math.max(0, at - now);
      for (const [unit, size] of UNITS) if (ms >= size) return relative.format(Math.round(ms / size), unit);
      return relative.format(Math.ceil(ms / 1_000), "second");
    },
    time(at, now) {
      const isToday = new Date(at).toDateString() === new Date(now).toDateString();
      return (isToday ? times : dates).format(at);
    },
  };
}

/** Of these, the texts of the reader's language and script. */
export function textsFor<Texts extends { readonly lang: string }>(
  known: readonly Texts[],
  language: string,
): Texts | undefined {
  const wanted = scriptOf(language);
  return wanted === undefined ? undefined : known.find(({ lang }) => scriptOf(lang) === wanted);
}

/** Of "zh-TW" it is "zh-Hant"; `undefined` of what is no language. */
function scriptOf(language: string): string | undefined {
  try {
    const { language: name, script } = new Intl.Locale(language).maximize();
    return `${name}-${script}`;
  } catch {
    return undefined;
  }
}
