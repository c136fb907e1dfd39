import { launchOf, when } from "../launches";
import { Link } from "../link";

export function Launch({ id }: { id: string }) {
  const launch = launchOf(id);
  if (launch === undefined) {
    return (
      <p>
        The yard knows no ship of that name. <Link to="/">Back to the board</Link>
      </p>
    );
  }
  return (
    <>
      <p className="intro">{launch.about}</p>
      <dl>
        <div>
          <dt>Type</dt>
          <dd>{launch.type}</dd>
        </div>
        <div>
          <dt>Displacement</dt>
          <dd>{launch.tons.toLocaleString("en")} t</dd>
        </div>
        <div>
          <dt>Slip</dt>
          <dd>{launch.slip}</dd>
        </div>
        <div>
          <dt>High water</dt>
          <dd>{when(launch.tide)}</dd>
        </div>
        <div>
          <dt>State</dt>
          <dd>{launch.state}</dd>
        </div>
      </dl>
      <p>
        <Link to="/">All launches</Link> · <Link to="/tides">The tide that day</Link>
      </p>
    </>
  );
}
