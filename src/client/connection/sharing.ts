// Clients that several queues share: made for the first of them, closed with the last.

export interface Shareable {
  /** Aborts once it has ended for good. */
  readonly over: AbortSignal;
  close(options?: { readonly force?: boolean }): Promise<void>;
}

/** Closes the client once nobody shares it any more. Called once. */
export type Leave = (options?: { readonly force?: boolean }) => Promise<void>;

/** Answers with the client of that key, made where there is none, for one more user of it. */
export type Share<Client> = (key: unknown, create: () => Client) => { readonly client: Client; readonly leave: Leave };

export function createSharing<Client extends Shareable>(): Share<Client> {
  const shared = new Map<unknown, { readonly client: Client; users: number }>();
  return (key, create) => {
    const known = shared.get(key);
    // One that has ended stays so, and is nobody's any more who comes now.
    const entry = known && !known.client.over.aborted ? known : { client: create(), users: 0 };
    shared.set(key, entry);
    entry.users++;
    const leave: Leave = async (options) => {
      if (--entry.users > 0) return;
      if (shared.get(key) === entry) shared.delete(key);
      await entry.client.close(options);
    };
    return { client: entry.client, leave };
  };
}
