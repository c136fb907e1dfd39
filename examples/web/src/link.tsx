import type { MouseEvent, ReactNode } from "react";

import { isPlain, navigate } from "./router";

type Props = { to: string; children: ReactNode; className?: string; current?: boolean };

/** A link within the application: an ordinary one, except that a plain click does not load the document again. */
export function Link({ to, children, className, current }: Props) {
  const follow = (click: MouseEvent) => {
    if (!isPlain(click)) return;
    click.preventDefault();
    navigate(to);
  };
  return (
    <a href={to} className={className} aria-current={current ? "page" : undefined} onClick={follow}>
      {children}
    </a>
  );
}
