// The lock on a ticket while it is being edited: taken for a minute, renewed in time, given back on leaving.

import { post, send } from "./api.js";
import { identityHeaders } from "./identity.js";

const RENEWAL = 30000;

/** For those who edit without a lock: the customers of a locked desk. */
export const NO_LEASE = { take: async () => {}, release: async () => {} };

export class Lease {
  /** `onRenewed(version)` has the ticket's version after a renewal, `onLost(problem)` why there is none. */
  constructor(ticketId, onRenewed, onLost) {
    Object.assign(this, { path: `/tickets/${ticketId}/lock`, onRenewed, onLost });
    this.holder = identityHeaders(); // the user who took the lock also releases it, even after a switch to another user
    this.giveBack = () => this.release();
    this.isOurs = false;
    this.isGivenBack = false;
  }

  /** Resolves when the lock is ours; Refused (423) says whose it is. A desk without locks has none to give. */
  async take() {
    try {
      await post(this.path);
    } catch (problem) {
      if (problem.status === 404) return;
      throw problem;
    }
    this.isOurs = true;
    if (this.isGivenBack) return this.release(); // the user has left the form meanwhile
    this.timer = setInterval(() => this.renew(), RENEWAL);
    addEventListener("pagehide", this.giveBack);
  }

  async renew() {
    try {
      const { headers } = await post(this.path);
      this.onRenewed(Number(headers.get("ETag").replaceAll('"', "")));
    } catch (problem) {
      if (problem.status) this.onLost(problem);
    }
  }

  /** Give it back; also while the page is being left. */
  async release() {
    this.isGivenBack = true;
    if (!this.isOurs) return;
    this.isOurs = false;
    clearInterval(this.timer);
    removeEventListener("pagehide", this.giveBack);
    await send("DELETE", this.path, { headers: this.holder, keepalive: true }).catch(() => {});
  }
}
