// Where the queue lives: in this browser, or on the server that devices share. The address of the page says it; a change
// loads the page again, with everything on it set as it was.

import { byId } from "../dom.js";

export type Place = "here" | "shared";

const PARAMETER = "shared";
const KEY = "originmq-demo:settings";
const DEVICE_KEY = "originmq-demo:device";
const DEVICES = ["Till", "Phone", "Tablet", "Laptop", "Kiosk", "Counter"];

export const placeOf = (address: string): Place => (new URL(address).searchParams.has(PARAMETER) ? "shared" : "here");

/** What this browser profile is called among others, for as long as it keeps anything. */
export function deviceName(): string {
  const known = localStorage.getItem(DEVICE_KEY);
  if (known !== null) return known;
  const [kind = 0, number = 0] = crypto.getRandomValues(new Uint16Array(2));
  const made = `${DEVICES[kind % DEVICES.length]} ${100 + (number % 900)}`;
  localStorage.setItem(DEVICE_KEY, made);
  return made;
}

type Control = HTMLInputElement | HTMLSelectElement;

const controls = (): Control[] =>
  [...document.querySelectorAll<Control>("main input, main select")].filter(
    // How much room there is belongs to the queue, not to the page.
    ({ type, name, id }) => type !== "file" && name !== "place" && id !== "limit",
  );
const keyOf = ({ id, name, value }: Control) => id || `${name}=${value}`;
const isTicked = (control: Control): control is HTMLInputElement =>
  control instanceof HTMLInputElement && (control.type === "radio" || control.type === "checkbox");

interface Kept {
  readonly values: Readonly<Record<string, string | boolean>>;
  readonly open: readonly string[];
}

function keep(): void {
  const values = Object.fromEntries(
    controls().map((control) => [keyOf(control), isTicked(control) ? control.checked : control.value]),
  );
  const open = [...document.querySelectorAll("details[open][id]")].map(({ id }) => id);
  sessionStorage.setItem(KEY, JSON.stringify({ values, open } satisfies Kept));
}

/** Sets everything as it was before the change of place, if this is after one. Call it once all controls are wired. */
export function restoreSettings(): void {
  const text = sessionStorage.getItem(KEY);
  if (text === null) return;
  sessionStorage.removeItem(KEY);
  const { values, open } = JSON.parse(text) as Kept;
  for (const control of controls()) {
    const value = values[keyOf(control)];
    // Of radios, the one that is ticked unticks the others.
    if (value === undefined || (control.type === "radio" && value === false)) continue;
    if (value === (isTicked(control) ? control.checked : control.value)) continue;
    if (typeof value === "string") control.value = value;
    else (control as HTMLInputElement).checked = value;
    for (const type of ["input", "change"]) control.dispatchEvent(new Event(type, { bubbles: true }));
  }
  for (const id of open) byId<HTMLDetailsElement>(id).open = true;
  document.querySelector<HTMLElement>("#places :checked")?.focus({ preventScroll: true });
}

/** Wires the choice. */
export function wirePlaces(place: Place): void {
  const places = byId<HTMLFieldSetElement>("places");
  for (const input of places.querySelectorAll("input")) input.checked = input.value === place;
  places.addEventListener("change", () => {
    const chosen = (places.querySelector("input:checked") as HTMLInputElement).value;
    keep();
    const address = new URL(location.href);
    if (chosen === "shared") address.searchParams.set(PARAMETER, "");
    else address.searchParams.delete(PARAMETER);
    location.assign(address);
  });
}
