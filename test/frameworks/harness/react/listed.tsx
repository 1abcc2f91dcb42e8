import { useMessages } from "originmq/react";
import { useState } from "react";
import { flooded } from "./flood";

export function Listed() {
  const [max, setMax] = useState(1);
  const { messages } = useMessages(flooded, { max });
  return (
    <button type="button" onClick={() => setMax(3)}>
      {messages.length} listed
    </button>
  );
}
