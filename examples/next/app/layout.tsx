import type { Metadata } from "next";
import type { ReactNode } from "react";
import "./desk.css";

export const metadata: Metadata = { title: "Orders that arrive", icons: "data:," };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
