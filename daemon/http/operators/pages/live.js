// Keeps a page current. The server says when something has changed; the page is then fetched again and every element
// marked data-live is exchanged, so how a device looks is written in one place only, the template.

const pulse = document.getElementById("pulse");
let stream, fetching = false, again = false;

async function refresh() {
  if (fetching) { again = true; return; }
  fetching = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected || answer.status === 401) { location.reload(); return; }
    if (answer.ok) exchange(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    say("lost", "connection lost");
  } finally {
    fetching = false;
    if (again) { again = false; setTimeout(refresh, 1000); }
  }
}

function exchange(fresh) {
  const focused = document.activeElement?.getAttribute("href");
  for (const old of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(old.id);
    if (!now || now.isEqualNode(old)) continue;
    const held = focused && old.contains(document.activeElement);
    old.replaceWith(now);
    if (held) now.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
}

function say(state, text) {
  pulse.className = `pulse ${state}`;
  pulse.textContent = text;
}

function listen() {
  stream = new EventSource(pulse.dataset.events);
  let first = true; // the first round only says what the page shows already
  const changed = () => { if (!first) refresh(); };
  for (const name of ["summary", "devices", "alarms"]) stream.addEventListener(name, changed);
  stream.onopen = () => { say("live", "live"); setTimeout(() => { first = false; }, 500); };
  stream.onerror = () => {
    say("lost", "connection lost");
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => { listen(); refresh(); }, 5000);
  };
}

// A page nobody looks at costs nothing; it catches up when it is looked at again.
document.addEventListener("visibilitychange", () => {
  stream.close();
  if (document.hidden) { say("", "paused"); } else { listen(); refresh(); }
});

// Ages go on counting between two changes, by the rule of `ago` in templates.py.
const SKEW = Date.now() / 1000 - Number(pulse.dataset.now);
const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

function age(text) {
  const passed = Math.floor(Date.now() / 1000 - SKEW - Date.parse(text) / 1000);
  const [size, unit] = UNITS.find(([size]) => Math.abs(passed) >= size) ?? [1, "s"];
  return passed < 0 ? `in ${Math.floor(-passed / size)} ${unit}` : `${Math.floor(passed / size)} ${unit} ago`;
}

setInterval(() => {
  for (const time of document.getElementsByTagName("time")) time.textContent = age(time.dateTime);
}, 1000);

listen();
