import { filter, intro } from "@release";
import { useState } from "react";

import { matching, when } from "../launches";
import { Link } from "../link";

export function Board() {
  const [wanted, setWanted] = useState("");
  const shown = matching(wanted);
  return (
    <>
      <p className="intro">{intro}</p>
      {filter && (
        <label className="filter">
          Find a ship
          <input type="search" value={wanted} onChange={(typed) => setWanted(typed.target.value)} />
        </label>
      )}
      <table>
        <caption className="unseen">Launches, the next ones last</caption>
        <thead>
          <tr>
            <th scope="col">Ship</th>
            <th scope="col">Type</th>
            <th scope="col" className="number">
              Slip
            </th>
            <th scope="col">High water</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((launch) => (
            <tr key={launch.id}>
              <th scope="row">
                <Link to={`/launches/${encodeURIComponent(launch.id)}`}>{launch.ship}</Link>
              </th>
              <td>{launch.type}</td>
              <td className="number">{launch.slip}</td>
              <td>{when(launch.tide)}</td>
              <td>
                <span className="state" data-state={launch.state}>
                  {launch.state}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p role="status" className={shown.length > 0 ? "unseen" : ""}>
        {shown.length > 0 ? `${shown.length} ships` : "No ship matches."}
      </p>
    </>
  );
}
