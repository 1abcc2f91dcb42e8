import { useOutbox } from "originmq/react";
import { type FormEvent, useEffect, useState } from "react";
import { type Note, saves } from "./saves";

export function App() {
  const { status, error, outbox, waiting, dead } = useOutbox(saves);
  const [stored, setStored] = useState<readonly Note[]>([]);

  useEffect(() => {
    const look = () =>
      fetch("/api/notes")
        .then(async (answer) => setStored(await answer.json()))
        .catch(() => {});
    void look();
    // In every tab, whichever of them has sent it.
    outbox?.addEventListener("delivered", look);
    return () => outbox?.removeEventListener("delivered", look);
  }, [outbox]);

  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const note: Note = { text: String(new FormData(form).get("text")) };
    form.reset();
    // Answered by the server, or, when it cannot be reached, with 202 once the note is stored here.
    await saves.outbox().fetch("/api/notes", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(note),
      metadata: note,
    });
    setStored(await (await fetch("/api/notes")).json().catch(() => stored));
  };

  return (
    <main>
      <h1>A form that survives</h1>
      <form onSubmit={(event) => void save(event).catch(() => {})}>
        <label>
          Note <input name="text" required autoComplete="off" />
        </label>
        <button type="submit">Save</button>
      </form>
      <h2>Waiting on this device ({status === "open" ? waiting.length : "…"})</h2>
      <ul id="waiting">
        {waiting.map(({ id, metadata, lastFailure }) => (
          <li key={id}>
            {(metadata as Note).text} <small>{lastFailure ?? "not sent yet"}</small>{" "}
            <button type="button" onClick={() => void outbox?.cancel(id)}>
              Forget it
            </button>
          </li>
        ))}
      </ul>
      {dead.length > 0 && (
        <p>
          {dead.length} refused by the server{" "}
          <button type="button" onClick={() => void outbox?.dead.redrive()}>
            Send again
          </button>
        </p>
      )}
      <h2>At the server ({stored.length})</h2>
      <ul id="stored">
        {stored.map(({ text }, index) => (
          <li key={`${index} ${text}`}>{text}</li>
        ))}
      </ul>
      {error && <p role="alert">{error.message}</p>}
    </main>
  );
}
