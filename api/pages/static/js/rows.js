// Lists in a form that grow: a row is copied, emptied, and given the next number in its names, ids and labels.

export function serveRows(root) {
  for (const button of root.querySelectorAll("[data-add-row]")) {
    button.addEventListener("click", () => addRow(button.closest("[data-rows]"), button));
  }
}

function addRow(list, button) {
  const rows = list.querySelectorAll("[data-row]");
  const last = rows[rows.length - 1];
  const copy = last.cloneNode(true);
  const number = rows.length;
  for (const field of copy.querySelectorAll("[name]")) {
    field.name = renumbered(field.name, ".", number);
    field.id = renumbered(field.id, "-", number);
    field.value = "";
  }
  for (const label of copy.querySelectorAll("label")) label.htmlFor = renumbered(label.htmlFor, "-", number);
  const legend = copy.querySelector("legend");
  legend.textContent = legend.textContent.replace(/\d+/, String(number + 1));
  button.parentElement.before(copy);
  copy.querySelector("[name]").focus();
}

// fields.questions.0.answer → fields.questions.1.answer
function renumbered(name, sign, number) {
  const parts = name.split(sign);
  parts[parts.length - 2] = String(number);
  return parts.join(sign);
}
