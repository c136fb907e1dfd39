import { Component, type ReactNode } from "react";

type State = { failed: boolean };

/** A part of the application that could not be loaded must not take the rest of the page down. */
export class Boundary extends Component<{ children: ReactNode }, State> {
  override state: State = { failed: false };

  static getDerivedStateFromError(): State {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <div role="alert">
        <p>This page could not be loaded. It may have been replaced by a newer release.</p>
        <button type="button" onClick={() => location.reload()}>
          Load the newest release
        </button>
      </div>
    );
  }
}
