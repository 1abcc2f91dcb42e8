import { StrictMode } from "react";
import { renderToString } from "react-dom/server";
import App from "./App";
import { Flooded } from "./flooded";
import { Listed } from "./listed";
import { Saves } from "./shown";

export const render = () => ({
  head: "",
  body: renderToString(
    <StrictMode>
      <App />
      <Flooded />
      <Listed />
      <Saves />
    </StrictMode>,
  ),
});
