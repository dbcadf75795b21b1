// Runs before anything is drawn: the theme that the reader chose in this browser.
try {
  const theme = JSON.parse(localStorage.getItem("ledge.preferences") ?? "{}").theme;
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Without storage the system's theme holds.
}
