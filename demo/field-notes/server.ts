// What the page asks the server beside sending notes: what has arrived, and how it shall behave.

export interface Arrived {
  readonly notes: readonly {
    readonly number: number;
    readonly key: string;
    readonly at: number;
    readonly text: string;
    readonly place: string;
    readonly hasPhoto: boolean;
  }[];
  readonly arrivals: number;
  readonly repeats: number;
}

export interface Conduct {
  readonly misbehaviour: string;
  readonly retryAfterS: number;
}

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(path, init);
  if (!response.ok) throw new Error(`${path} was answered with ${response.status}`);
  return response.json();
}

export const readArrived = () => json<Arrived>("api/notes");
export const readConduct = () => json<Conduct>("api/conduct");
export const setConduct = (conduct: Conduct) =>
  json<Conduct>("api/conduct", { method: "PUT", body: JSON.stringify(conduct) });
