// The page: shows the castles to users who are logged in, and builds some.

import { ApiError, call, completeLogIn, isLoggedIn, logIn, logOut } from "/auth.js";

const element = (id) => document.getElementById(id);

/** Runs what a user has begun, and shows what goes wrong. */
async function run(action) {
  say("");
  try {
    await action();
  } catch (error) {
    say(explain(error));
  }
  show();
}

function explain(error) {
  if (!(error instanceof ApiError)) return error.message;
  switch (error.status) {
    case 401:
      return "Your login has expired. Please log in again.";
    case 403:
      return `You may not do this. ${error.message}`;
    case 422:
      return `This was not saved. ${error.message}`;
    case 503:
    case 504:
      return "This is unavailable for a moment. Please try again.";
    default:
      return "Something went wrong.";
  }
}

async function load() {
  const [me, castles] = await Promise.all([call("/me"), call("/castles")]);
  element("email").textContent = me.email ?? "";
  list(castles);
}

async function build() {
  const castles = await call("/castles", { method: "POST", json: { name: element("name").value } });
  element("name").value = "";
  list(castles);
}

async function leave() {
  await logOut();
  // Nothing of it is left to show for one who goes back in the history.
  element("email").textContent = "";
  list([]);
}

function list(castles) {
  // As text, never as HTML: names are what users entered.
  const items = castles.map((name) => Object.assign(document.createElement("li"), { textContent: name }));
  element("list").replaceChildren(...items);
}

function show() {
  element("log-in").hidden = isLoggedIn();
  element("welcome").hidden = isLoggedIn();
  element("log-out").hidden = !isLoggedIn();
  element("castles").hidden = !isLoggedIn();
  element("email").hidden = !isLoggedIn();
}

function say(text) {
  element("message").textContent = text;
}

element("log-in").addEventListener("click", () => run(logIn));
element("log-out").addEventListener("click", () => run(leave));
element("build").addEventListener("submit", (event) => {
  event.preventDefault();
  run(build);
});

await run(async () => {
  await completeLogIn();
  if (isLoggedIn()) await load();
});
