// Before the page is drawn: light or dark, its size and how dense its lists are, as chosen in this browser before.

try {
  Object.assign(document.documentElement.dataset, JSON.parse(localStorage.getItem("support-desk-looks")));
} catch {
  // nothing that can be read: as the system has it
}
