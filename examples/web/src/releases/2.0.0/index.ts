export { default as harbor } from "./harbor.svg";

export const release = "2.0.0";
export const accent: "blue" | "green" = "green";
export const intro = "Which ship leaves which slip, and at which tide. Now with a search.";
/** Whether the board can be searched. */
export const filter: boolean = true;
/** Whether heights are told in feet, too. */
export const feet: boolean = true;
