export type Launch = {
  id: string;
  ship: string;
  type: string;
  slip: number;
  /** High water on the day of the launch, ISO 8601 without a zone: the yard's own clock. */
  tide: string;
  state: "launched" | "on the slip" | "keel laid";
  tons: number;
  about: string;
};

export const LAUNCHES: readonly Launch[] = [
  {
    id: "aurora",
    ship: "Aurora",
    type: "Survey vessel",
    slip: 1,
    tide: "2026-11-26T06:42",
    state: "launched",
    tons: 1840,
    about: "Maps the sea floor by sonar. She went down the slip with nine minutes of slack water to spare.",
  },
  {
    id: "bellwether",
    ship: "Bellwether",
    type: "Ferry",
    slip: 2,
    tide: "2026-12-03T11:08",
    state: "on the slip",
    tons: 3200,
    about: "Carries 400 people and 60 cars. The paint is dry, the cradle is greased, and the tide is booked.",
  },
  {
    id: "cormorant",
    ship: "Cormorant",
    type: "Trawler",
    slip: 3,
    tide: "2026-12-17T12:31",
    state: "on the slip",
    tons: 720,
    about: "Built for the winter grounds, with a hull that is half as thick again as the rules ask for.",
  },
  {
    id: "doña-marina",
    ship: "Doña Marina",
    type: "Training ship",
    slip: 1,
    tide: "2027-02-11T07:55",
    state: "keel laid",
    tons: 1210,
    about: "Three masts and forty berths. Her keel was laid the day after Aurora had left the slip.",
  },
];

/** The launch with this id, if there is one. */
export function launchOf(id: string): Launch | undefined {
  return LAUNCHES.find((launch) => launch.id === id);
}

/** The launches whose ship, type or state has the text in it, in any case. */
export function matching(text: string): readonly Launch[] {
  const wanted = text.trim().toLowerCase();
  return LAUNCHES.filter((each) => `${each.ship} ${each.type} ${each.state}`.toLowerCase().includes(wanted));
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** "26 Nov 2026, 06:42": the same for every visitor, wherever they are. */
export function when(tide: string): string {
  return `${DAY.format(new Date(`${tide}Z`))}, ${tide.slice(11)}`;
}
