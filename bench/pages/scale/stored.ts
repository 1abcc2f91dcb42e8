// What the host has stored, read behind its back: how docs/storage.md says that it is.

/** Rises with each checkpoint that was written; 0 before the first. */
export async function checkpointGeneration(database: string): Promise<number> {
  const db = await settled(indexedDB.open(database));
  try {
    const pointer: unknown = await settled(db.transaction("meta").objectStore("meta").get("checkpoint"));
    return (pointer as { generation: number } | undefined)?.generation ?? 0;
  } finally {
    db.close();
  }
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
