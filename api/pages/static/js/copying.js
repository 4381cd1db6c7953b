// <button data-copy="id of an element">: its text goes to the clipboard, and the button says so for a moment.

const SHOWN_MS = 1600;

export function serveCopying(root) {
  for (const button of root.querySelectorAll("button[data-copy]")) {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      const done = await copy(source);
      const words = button.textContent;
      button.textContent = done ? document.body.dataset.copied : document.body.dataset.selected;
      setTimeout(() => (button.textContent = words), SHOWN_MS);
    });
  }
}

// The clipboard API is there only over https and on localhost; elsewhere the text is selected and copied the old way.
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    return true;
  } catch {
    window.getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  }
}
