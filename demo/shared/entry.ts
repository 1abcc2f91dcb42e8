// How this page comes in: it asks the application's own server, which knows its visitors, for the address and a token.

export interface Entry {
  readonly url: string;
  /** Asked for with every connection: none lasts longer than a quarter of an hour. */
  token(): Promise<string>;
  /** The server keeps messages when it ends. */
  readonly isKept: boolean;
}

interface Answer {
  readonly url: string;
  readonly token: string;
  readonly isKept: boolean;
}

/** Rejects where no server is behind the page. */
export async function enter(name: string): Promise<Entry> {
  const ask = async (): Promise<Answer> => {
    const response = await fetch("shared/token", { method: "POST", body: JSON.stringify({ name }) });
    if (!response.ok) throw new Error("there is no server behind this page; npm start has one");
    return (await response.json()) as Answer;
  };
  const { url, isKept } = await ask();
  return { url, isKept, token: async () => (await ask()).token };
}

export async function restartServer(): Promise<void> {
  const response = await fetch("shared/restart", { method: "POST" });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
}
