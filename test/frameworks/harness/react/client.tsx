import { StrictMode } from "react";
import { hydrateRoot } from "react-dom/client";
import App from "./App";
import { prepare } from "./flood";
import { Flooded } from "./flooded";

prepare();
const root = hydrateRoot(
  document.querySelector("#app") as Element,
  <StrictMode>
    <App />
    <Flooded />
  </StrictMode>,
  { onRecoverableError: (error) => console.error(error) },
);
window.unmount = () => root.unmount();
