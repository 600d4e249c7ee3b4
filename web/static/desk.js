// What the page knows about the desk. metadata.js fills it in: nothing is written down here a second time.

export const desk = {
  auth: "open", // or "tokens": a locked desk
  bug_mode: null,
  debug: false, // DEBUG=true: it records what each request does
  clock_offset: 0, // seconds: see clock.js
  net: { places: [], transitions: [], roles: [] },
  choices: {}, // by field: ["low", "medium", …]
};
