// A list of ticks: all of them, or none, by one button. Without a script there is a button that confirms all.

export function servePicking(root) {
  for (const buttons of root.querySelectorAll("[data-picking]")) {
    const picks = buttons.parentElement.querySelectorAll('input[type="checkbox"]');
    buttons.hidden = false;
    for (const button of buttons.querySelectorAll("[data-pick]")) {
      button.addEventListener("click", () => picks.forEach((pick) => (pick.checked = button.dataset.pick === "all")));
    }
  }
}
