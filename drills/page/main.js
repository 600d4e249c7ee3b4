// Starts the page: the board, or the drill that the address names.

import { openBoard } from "./board.js";
import { openDrill } from "./drill.js";
import { startRouter } from "./router.js";

document.querySelector(".skip").addEventListener("click", () => document.getElementById("view").focus());
startRouter([
  [/^\/drills\/?$/, openBoard],
  [/^\/drills\/([a-z0-9_-]+)$/, openDrill],
]);
