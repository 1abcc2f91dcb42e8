import { useStats } from "originmq/react";
import { useEffect } from "react";
import { flooded } from "./flood";

export function Flooded() {
  const stats = useStats(flooded);
  useEffect(() => {
    if (stats.status === "open") window.committed();
  }, [stats]);
  return <p id="flooded">{stats.ready}</p>;
}
