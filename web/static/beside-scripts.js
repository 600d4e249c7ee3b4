// Scripts for two people at once: what to click on which side, in five steps, and what to look at.
//
// `before` is what the desk is asked to do with a new ticket first; `then` says what goes wrong in the drill.
// press() makes a button that presses others in the same moment, by their text; ask() one that sends a request.

const TICKET = "/tickets/{id}";
const IN_PROGRESS = ["PATCH", TICKET, { status: "in_progress" }];
const A_DRAFT = ["POST", `${TICKET}/draft`, { body: "Dear customer, please restart the printer." }];

const left = (text) => ({ side: "left", text });
const right = (text) => ({ side: "right", text });
const both = (text) => ({ side: "both", text });
const press = (label, text, ...buttons) => ({ side: "both", label, text, buttons });
const ask = (label, text, ...request) => ({ side: "desk", label, text, request });

export const SCRIPTS = {
  "lost-update": {
    title: "A lost update: two people save one ticket",
    drill: "vanished_priority",
    then: "In the drill nobody is refused, and one of the two titles is lost without a word.",
    before: [],
    steps: [
      left("Left: press Edit, write another title, and do not save it yet."),
      ask("End the lock", "The lock of the left side ends, as when a minute passes without a renewal.", "DELETE", `${TICKET}/lock`),
      right("Right: press Edit, write a third title, and press Save."),
      left("Left: press Save. The answer is 412, because the ticket is not the one that you have read."),
      left("Left: look at what is new, then press Save again. Now you decide, and not the accident."),
    ],
  },
  lock: {
    title: "A lock: who edits, and until when",
    drill: "held_by_a_closed_tab",
    then: "In the drill a lock stays after its holder has left. This page takes its locks in another way: see the hints.",
    before: [],
    steps: [
      left("Left: press Edit. The desk gives you a lock for a minute, and the right side sees it."),
      right("Right: press Edit. The answer is 423, with the seconds that are left."),
      left("Left: press Queue at the top. Whoever leaves the form gives the lock back."),
      right("Right: press Edit again. Now the lock is yours."),
      right("Right: press Cancel. The ticket is free again."),
    ],
  },
  "two-drafts": {
    title: "Two drafts for one click",
    drill: "two_drafts_for_one_click",
    then: "In the drill it goes wrong only while the LLM is slow: see the first hint.",
    before: [],
    steps: [
      left("Left: open Requests at the bottom, to see each request with its answer."),
      press("Press twice", "One person clicks twice: both requests have the same Idempotency-Key.",
        ["left", "Suggest a reply"], ["left", "Suggest a reply"]),
      right("Right: go to the end of the timeline. One draft waits, although the desk was asked twice."),
      press("Press both", "Two people click at once: these are two wishes, with two keys.",
        ["left", "Suggest a reply"], ["right", "Suggest a reply"]),
      left("Left: count the drafts. There are three: one for each wish."),
    ],
  },
  "sent-twice": {
    title: "One comment, sent twice",
    drill: "duplicate_idempotency",
    then: "In the drill there are two comments.",
    before: [],
    steps: [
      left("Left: write a comment, and do not send it yet."),
      left("Left: open Requests at the bottom, to see each request with its answer."),
      press("Press twice", "The comment is sent twice, as by a nervous finger or a bad network.", ["left", "Comment"], ["left", "Comment"]),
      left("Left: look for the mark “replayed”: the second answer is a copy of the first one."),
      right("Right: count the comments. There is one."),
    ],
  },
  "one-step": {
    title: "One step, two people",
    before: [],
    steps: [
      right("Right: look at Workflow. Both sides have the same buttons, for the same version of the ticket."),
      press("Press both", "Both take the ticket in the same moment. One is first.", ["left", "Assign"], ["right", "Assign"]),
      both("Look for the side that was refused: its Requests have a 412, because its version was an old one."),
      press("Press both", "Both start work. Again one is first.", ["left", "Start work"], ["right", "Start work"]),
      left("Left: look at the timeline. Each step is there once, with the name of who was first."),
    ],
  },
  "two-approvals": {
    title: "Two approvals of one draft",
    before: [A_DRAFT],
    steps: [
      left("Left: go to the end of the timeline. A draft waits for an approval; the right side sees the same one."),
      press("Press both", "Both approve it in the same moment.", ["left", "Approve and send"], ["right", "Approve and send"]),
      both("Look for the side that was refused: its Requests at the bottom have a 409."),
      right("Right: count the comments. The customer got one reply."),
      left("Left: look at the timeline. One approval is there, with one name."),
    ],
  },
  "read-your-writes": {
    title: "What one writes the other one reads",
    before: [IN_PROGRESS],
    steps: [
      left("Left: press Resolve. The right side follows without a reload."),
      right("Right: press Queue at the top. The list has the new state, too."),
      left("Left: press Close."),
      right("Right: the list says closed, and you did nothing."),
      left("Left: press Queue at the top. Both sides say the same."),
    ],
  },
};
