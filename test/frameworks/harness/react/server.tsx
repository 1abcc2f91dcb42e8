import { StrictMode } from "react";
import { renderToString } from "react-dom/server";
import App from "./App";
import { Flooded } from "./flooded";

export const render = () => ({
  head: "",
  body: renderToString(
    <StrictMode>
      <App />
      <Flooded />
    </StrictMode>,
  ),
});
