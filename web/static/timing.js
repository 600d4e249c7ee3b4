// When to do things: later, or not too often.

export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Calls `job` when there was no call for `milliseconds`; cancel() drops a waiting call. */
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
export function throttle(job, milliseconds) {
  let isWaiting = false;
  let isWanted = false;
  return function ask() {
    if (isWaiting) {
      isWanted = true;
      return;
    }
    isWaiting = true;
    isWanted = false;
    job();
    setTimeout(() => {
      isWaiting = false;
      if (isWanted) ask();
    }, milliseconds);
  };
}
