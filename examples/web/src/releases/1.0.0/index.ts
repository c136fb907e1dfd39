export { default as harbor } from "./harbor.svg";

export const release = "1.0.0";
export const accent: "blue" | "green" = "blue";
export const intro = "Which ship leaves which slip, and at which tide.";
/** Whether the board can be searched. */
export const filter: boolean = false;
/** Whether heights are told in feet, too. */
export const feet: boolean = false;
