import { feet } from "@release";

import { clock, heightAt, waters } from "../tide";
import "./tides.css";

const WIDTH = 720;
const HEIGHT = 200;
const TOP = 5;

const x = (hour: number) => (hour / 24) * WIDTH;
const y = (meters: number) => HEIGHT - (meters / TOP) * HEIGHT;

const told = (meters: number) => `${meters.toFixed(1)} m${feet ? ` (${(meters / 0.3048).toFixed(1)} ft)` : ""}`;

function curve(): string {
  const points: string[] = [];
  for (let hour = 0; hour <= 24; hour += 0.25) points.push(`${x(hour).toFixed(1)},${y(heightAt(hour)).toFixed(1)}`);
  return `M${points.join("L")}`;
}

export default function Tides() {
  const line = curve();
  return (
    <>
      <p className="intro">A ship leaves the slip in the slack around high water.</p>
      <figure className="tides">
        <svg viewBox={`0 -24 ${WIDTH} ${HEIGHT + 48}`} role="img" aria-label="The height of the water over the day">
          <path className="water" d={`${line}L${WIDTH},${HEIGHT}L0,${HEIGHT}Z`} />
          <path className="surface" d={line} />
          {waters().map(({ hour, height, high }) => (
            <g key={hour}>
              <circle cx={x(hour)} cy={y(height)} r="4" />
              <text x={x(hour)} y={y(height) + (high ? -12 : 22)}>
                {clock(hour)}
              </text>
            </g>
          ))}
        </svg>
      </figure>
      <table>
        <caption className="unseen">High and low water</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Water</th>
            <th scope="col" className="number">
              Height
            </th>
          </tr>
        </thead>
        <tbody>
          {waters().map(({ hour, height, high }) => (
            <tr key={hour}>
              <th scope="row">{clock(hour)}</th>
              <td>{high ? "high" : "low"}</td>
              <td className="number">{told(height)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
