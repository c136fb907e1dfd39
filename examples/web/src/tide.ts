/** Hours between two high waters: half a lunar day. */
export const PERIOD = 12.42;
const MEAN = 2.6;
const RANGE = 1.9;
/** Hour of the day's first high water. */
const FIRST = 6.7;

/** The height of the water in meters at an hour of the day. */
export function heightAt(hour: number): number {
  return MEAN + RANGE * Math.cos((2 * Math.PI * (hour - FIRST)) / PERIOD);
}

export type Water = { hour: number; height: number; high: boolean };

/** High and low waters of the day, in their order. */
export function waters(): Water[] {
  const found: Water[] = [];
  for (let half = -2; half < 5; half += 1) {
    const hour = FIRST + (half * PERIOD) / 2;
    if (hour >= 0 && hour < 24) found.push({ hour, height: heightAt(hour), high: half % 2 === 0 });
  }
  return found;
}

const two = (value: number) => String(value).padStart(2, "0");

/** "06:42" */
export function clock(hour: number): string {
  const minutes = Math.round(hour * 60);
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
