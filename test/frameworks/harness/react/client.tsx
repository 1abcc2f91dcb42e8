import { StrictMode } from "react";
import { hydrateRoot } from "react-dom/client";
import App from "./App";
import { prepare } from "./flood";
import { Flooded } from "./flooded";
import { Listed } from "./listed";
import { saves } from "./saves";
import { Saves } from "./shown";

prepare(saves);
const root = hydrateRoot(
  document.querySelector("#app") as Element,
  <StrictMode>
    <App />
    <Flooded />
    <Listed />
    <Saves />
  </StrictMode>,
  { onRecoverableError: (error) => console.error(error) },
);
window.unmount = () => root.unmount();
