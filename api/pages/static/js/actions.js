"use strict";
// Forms that call the API: <form method="post" data-action="/api/v1/…" data-method="POST" data-then="reload">.
// What cannot be taken back asks first: data-confirm="…". What went wrong is said beside the form, in the words of the problem document.
// Read before the page is, and no module: whoever presses a button as soon as he sees it is heard. Without any script the
// browser itself sends the form, by method="post": an address would keep what is typed, a password too.

const CHINESE_OFFSET_MS = 8 * 3600 * 1000;
const CHINESE_TIME = "+08:00"; // a datetime-local field knows no zone: the pages show and take Chinese time

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.action === undefined) return;
  event.preventDefault();
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) return;
  submit(form, event.submitter);
});

async function submit(form, submitter) {
  const buttons = form.querySelectorAll("button");
  clearProblem(form);
  showBusy(form, buttons, true);
  try {
    const response = await send(form, submitter);
    if (response.ok) await followUp(form, response);
    else await showRefusal(form, response);
  } catch {
    showProblem(form, document.body.dataset.unreachable);
  } finally {
    showBusy(form, buttons, false);
  }
}

function showBusy(form, buttons, busy) {
  buttons.forEach((button) => (button.disabled = busy));
  const words = form.querySelector("[data-busy]");
  if (words) words.hidden = !busy;
}

function send(form, submitter) {
  const headers = { Accept: "application/json" };
  const token = document.querySelector('meta[name="csrf-token"]').content;
  if (token) headers["X-CSRF-Token"] = token;
  const method = form.dataset.method || "POST";
  if (form.dataset.file !== undefined) return sendFile(form, submitter, headers);
  const values = valuesOf(form, submitter);
  const body = method === "DELETE" && Object.keys(values).length === 0 ? null : JSON.stringify(values);
  if (body !== null) headers["Content-Type"] = "application/json";
  return fetch(addressOf(form), { method, headers, body, credentials: "same-origin" });
}

// A form with data-file sends its one file as it is; the button that was pressed adds its own field to the address, and
// with data-named the file's name goes before it.
function sendFile(form, submitter, headers) {
  const file = form.querySelector('input[type="file"]').files[0];
  const field = submitter?.name ? `&${submitter.name}=${encodeURIComponent(submitter.value)}` : "";
  const named = form.dataset.named === undefined ? "" : `?name=${encodeURIComponent(file.name)}`;
  headers["Content-Type"] = named ? file.type || "application/octet-stream" : "text/csv";
  return fetch(form.dataset.action + named + field, { method: "POST", headers, body: file, credentials: "same-origin" });
}

// An address may name one of the form's own fields: /api/v1/recordings/{recording_id}/links
function addressOf(form) {
  return form.dataset.action.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(form.elements[name].value));
}

// Empty fields are left out, so that a default of the API's counts; data-null sends null for them. A name with dots is a
// place within: fields.items.0.name; data-table marks a table that is sent even when nothing stands in it.
function valuesOf(form, submitter) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || field.dataset.path !== undefined) continue;
    if (field.tagName === "BUTTON" && field !== submitter) continue;
    if ((field.type === "radio" || field.type === "checkbox") && !field.checked) continue;
    if (field.dataset.table !== undefined) values[field.name] = {};
    else if (field.dataset.many !== undefined) {
      putAt(values, field.name.split("."), [...(fieldOf(values, field.name) ?? []), ...chosen(field)]);
    } else if (field.value !== "") putAt(values, field.name.split("."), valueOf(field));
    else if (field.dataset.null !== undefined) putAt(values, field.name.split("."), null);
  }
  return asLists(values);
}

// A row of a list that was left empty is not in it.
function asLists(values) {
  for (const [name, value] of Object.entries(values)) {
    if (value === null || typeof value !== "object") continue;
    asLists(value);
    if (Array.isArray(value)) values[name] = Object.values(value); // which leaves holes out
  }
  return values;
}

// A name with dots is a way into the value: recordings.0.stage is the stage of the first of the recordings.
function putAt(values, [name, ...rest], value) {
  if (rest.length === 0) values[name] = value;
  else putAt((values[name] ??= /^\d+$/.test(rest[0]) ? [] : {}), rest, value);
}

// data-many: every choice of a field, and of all fields of its name, as one list.
function chosen(field) {
  return field.tagName === "SELECT" ? [...field.selectedOptions].map((option) => option.value) : [field.value];
}

function valueOf(field) {
  if (field.type === "datetime-local") {
    return (field.value.length === 16 ? `${field.value}:00` : field.value) + CHINESE_TIME;
  }
  if (field.type === "checkbox") return field.dataset.value === undefined ? true : field.value;
  if (field.dataset.scale !== undefined) return Math.round(Number(field.value) * Number(field.dataset.scale)); // yuan, kept in fen
  if (field.dataset.percent !== undefined) return Number((Number(field.value) / 100).toFixed(6)); // parts of a whole
  if (field.type === "number" || field.dataset.number !== undefined) return Number(field.value);
  return field.value;
}

async function followUp(form, response) {
  const then = form.dataset.then || "reload";
  const text = await response.text();
  const result = text ? JSON.parse(text) : {};
  if (then === "show") return showResult(form, result);
  if (then === "reload") return window.location.reload();
  window.location.assign(then.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(result[name])));
}

// Some results are shown once and never again, such as a station's token. Text only: nothing is read as markup.
function showResult(form, result) {
  const place = document.getElementById(form.dataset.result);
  place.querySelectorAll("[data-list]").forEach((list) => fillList(list, fieldOf(result, list.dataset.list) ?? []));
  place.querySelectorAll("[data-field]").forEach((slot) => fill(slot, result));
  // The archive's address as this browser reaches it, for a command to be run elsewhere.
  place.querySelectorAll("[data-origin]").forEach((slot) => (slot.textContent = window.location.origin));
  for (const part of place.querySelectorAll("[data-when]")) {
    const [name, wanted] = part.dataset.when.split("=");
    part.hidden = String(result[name]) !== wanted;
  }
  place.hidden = false;
  place.focus();
}

function fillList(list, items) {
  const template = list.querySelector("template");
  list.querySelectorAll(":scope > li").forEach((item) => item.remove());
  for (const item of items) {
    const copy = template.content.cloneNode(true);
    copy.querySelectorAll("[data-field]").forEach((slot) => {
      fill(slot, item);
      delete slot.dataset.field; // it is of its item, not of the whole result
    });
    list.append(copy);
  }
}

function fill(slot, values) {
  const value = fieldOf(values, slot.dataset.field) ?? "—";
  slot.textContent = slot.dataset.time === undefined ? value : chineseTime(value);
}

// data-time: an instant as the pages show it, to the minute.
function chineseTime(instant) {
  const moment = new Date(Date.parse(instant) + CHINESE_OFFSET_MS);
  return moment.toISOString().slice(0, 16).replace("T", " ");
}

function fieldOf(values, path) {
  return path.split(".").reduce((value, name) => value?.[name], values);
}

async function showRefusal(form, response) {
  const problem = await problemOf(response);
  if (problem.type !== "urn:liuhen:problem:sign-in-needed") {
    return showProblem(form, problem.detail || problem.title || `HTTP ${response.status}`);
  }
  const here = window.location.pathname + window.location.search;
  const link = document.createElement("a");
  link.href = `/sign-in?next=${encodeURIComponent(here)}`;
  link.textContent = document.body.dataset.signIn;
  showProblem(form, `${document.body.dataset.expired} `).append(link);
}

async function problemOf(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

function showProblem(form, text) {
  let place = form.querySelector(".form-problem");
  if (!place) {
    place = document.createElement("p");
    place.className = "form-problem";
    place.setAttribute("role", "alert");
    form.append(place);
  }
  place.textContent = text;
  return place;
}

function clearProblem(form) {
  form.querySelector(".form-problem")?.remove();
}
