// Numbers, times and sizes as people read them.

const whole = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** What is not known. */
export const NOTHING = "–";

export const count = (n: number): string => whole.format(Math.round(n));

/** At most six characters: 1,234 but 12.3K. */
export const shortCount = (n: number): string =>
  n < 10_000 ? whole.format(n < 10 ? Math.round(n * 10) / 10 : Math.round(n)) : compact.format(n);

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

export function duration(ms: number): string {
  if (ms < 1_000) return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${(ms / 3_600_000).toFixed(1)} h` : `${count(ms / 86_400_000)} days`;
}

export function bytes(n: number): string {
  if (n < 1_000) return `${n} B`;
  if (n < 1_000_000) return `${(n / 1_000).toFixed(1)} kB`;
  return n < 1_000_000_000 ? `${(n / 1_000_000).toFixed(1)} MB` : `${(n / 1_000_000_000).toFixed(1)} GB`;
}

const clock = new Intl.DateTimeFormat("en", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const calendar = new Intl.DateTimeFormat("en", {
  dateStyle: "medium",
  timeStyle: "medium",
  hourCycle: "h23",
});

/** The time of an instant, with its day where that is not today. */
export function instant(at: number, now = Date.now()): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  return (isToday ? clock : calendar).format(at);
}

/** How far away an instant is: "in 12 s", "3 min ago". */
export const away = (at: number, now = Date.now()): string =>
  at >= now ? `in ${duration(at - now)}` : `${duration(now - at)} ago`;

/** The start of the host's term, and the number, which is what differs between neighbours. */
export const shortId = (id: string): string => id.replace(/^(.{3})[^-]*-/, "$1…-");
