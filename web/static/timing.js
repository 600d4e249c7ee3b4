// When to do things: later, or not too often.

export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Calls `job` once nothing has been asked for `milliseconds`; cancel() forgets a call that waits. */
export function debounce(job, milliseconds) {
  let timer;
  const later = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(job, milliseconds, ...values);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** Calls `job` at once, and for all calls of the next `milliseconds` once more at their end. */
export function atMostEach(milliseconds, job) {
  let isResting = false;
  let isWanted = false;
  return function ask() {
    if (isResting) {
      isWanted = true;
      return;
    }
    isResting = true;
    isWanted = false;
    job();
    setTimeout(() => {
      isResting = false;
      if (isWanted) ask();
    }, milliseconds);
  };
}
