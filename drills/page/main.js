// Starts the page: the board, the exercises, or the one that the address names.

import { openBoard } from "./board.js";
import { openDrill } from "./drill.js";
import { openExercises } from "./exercises.js";
import { startRouter } from "./router.js";

document.querySelector(".skip").addEventListener("click", () => document.getElementById("view").focus());
startRouter([
  [/^\/drills\/?$/, openBoard],
  [/^\/(?:drills|exercises)\/([a-z0-9_-]+)$/, openDrill],
  [/^\/exercises\/?$/, openExercises],
]);
