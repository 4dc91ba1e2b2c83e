/* A cooperative's telephone up in the hills: slips are entered with or without a network, wait here, and are sent once.

   What waits is kept in the browser (IndexedDB) with the code of its cooperative, and nothing of a household but its number.
   Each entry has a key of its own, so what is sent twice, by two tabs or after an answer that got lost, is written once. */
(() => {
  "use strict";
  const box = document.getElementById("queue");
  if (!box) return;

  // ── What waits ────────────────────────────────────────────────────────────────────────────────────────────────────

  const open = () => new Promise((done, failed) => {
    const asked = indexedDB.open("wuxi-ledger", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("entries", { keyPath: "entry_key" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
  const inStore = async (mode, act) => {
    const db = await open();
    return new Promise((done, failed) => {
      const work = db.transaction("entries", mode);
      const asked = act(work.objectStore("entries"));
      work.oncomplete = () => { db.close(); done(asked.result); };
      work.onerror = work.onabort = () => { db.close(); failed(work.error); };
    });
  };
  const waiting = async () => (await inStore("readonly", (rows) => rows.getAll())).sort((a, b) => a.made_at - b.made_at);
  const find = (key) => inStore("readonly", (rows) => rows.get(key));
  const keep = (entry) => inStore("readwrite", (rows) => rows.put(entry));
  const forget = (key) => inStore("readwrite", (rows) => rows.delete(key));

  // ── Sending ───────────────────────────────────────────────────────────────────────────────────────────────────────

  const OFFLINE = "offline", SIGNED_OUT = "signedOut", TROUBLE = "trouble";
  const written = new Map(); // what this page has sent: key → the server's answer
  let why = ""; // why it does not go on

  const ready = async () => {
    const answer = await fetch(box.dataset.ready, { redirect: "manual", cache: "no-store" });
    if (answer.type === "opaqueredirect" || answer.status === 404) { why = SIGNED_OUT; return null; }
    if (!answer.ok) { why = TROUBLE; return null; }
    return answer.json();
  };
  const send = async (entry, token) => {
    const answer = await fetch(box.dataset.entry, {
      method: "POST",
      redirect: "manual",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ ...entry.fields, entry_key: entry.entry_key, cooperative: entry.cooperative, photo: entry.photo }),
    });
    if (answer.type === "opaqueredirect") { why = SIGNED_OUT; return false; }
    const isOurs = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    if (!isOurs || answer.status >= 500) { why = TROUBLE; return false; }
    const said = await answer.json();
    if (said.state === "written") {
      written.set(entry.entry_key, said);
      await forget(entry.entry_key);
      return true;
    }
    // Another's entry waits until somebody of its cooperative signs in; all else waits to be mended, confirmed or dropped.
    const state = said.state === "foreign" ? "waiting" : said.state;
    if (await find(entry.entry_key)) await keep({ ...entry, state, errors: said.errors || {}, doubts: said.doubts || {} });
    return true;
  };
  const sendAll = async () => {
    const due = (await waiting()).filter((entry) => entry.state === "waiting");
    if (!due.length) return;
    why = "";
    try {
      const who = await ready();
      if (!who) return;
      for (const entry of due) {
        const isForeign = !who.cooperatives.includes(entry.cooperative);
        if (isForeign && entry.errors?.[""]) continue; // the server has said so once
        if (!await send(entry, who.token)) return;
      }
    } catch {
      why = OFFLINE;
    }
  };
  let sending = null;
  const flush = () => {
    // One tab sends at a time, where the browser knows how; the server keeps twice from being two in any case.
    sending ??= (navigator.locks ? navigator.locks.request("wuxi-ledger", sendAll) : sendAll())
      .catch(() => { why = TROUBLE; })
      .finally(() => { sending = null; return show(); });
    return sending;
  };

  // ── The banner ────────────────────────────────────────────────────────────────────────────────────────────────────

  const texts = (entry) => [...Object.values(entry.errors || {}).flat(), ...Object.values(entry.doubts || {})];
  const said = (entry) => {
    const { household, weight, weight_unit: unit, bought_on: day } = entry.fields;
    return [entry.cooperative, entry.goods, `${weight} ${unit === "kg" ? box.dataset.kg : box.dataset.jin}`, household || box.dataset.other, day].join(" · ");
  };
  const show = async () => {
    const entries = await waiting().catch(() => []);
    box.hidden = entries.length === 0;
    if (box.hidden) document.querySelector(".entry-kept")?.remove();
    const count = box.querySelector("[data-count]");
    count.textContent = count.dataset.count.replace("{n}", entries.length);
    const reason = box.querySelector(".queue-why");
    reason.textContent = box.dataset[why] || "";
    reason.hidden = !why;
    box.querySelector(".queue-sign-in").hidden = why !== SIGNED_OUT;
    const rows = entries.map((entry) => {
      const row = box.querySelector("template").content.cloneNode(true);
      row.querySelector("strong").textContent = said(entry);
      row.querySelector(".error").textContent = texts(entry).join(" ");
      row.querySelector("[data-confirm-entry]").hidden = entry.state !== "asked";
      row.querySelector("[data-mend]").href = `${box.dataset.form}?cooperative=${encodeURIComponent(entry.cooperative)}#mend=${entry.entry_key}`;
      row.querySelector("li").dataset.key = entry.entry_key;
      return row;
    });
    box.querySelector(".queue-list").replaceChildren(...rows);
    if (entries.some((entry) => entry.state !== "waiting")) box.querySelector("details").open = true;
  };
  box.addEventListener("click", async (event) => {
    const key = event.target.closest("[data-key]")?.dataset.key;
    if (event.target.closest("[data-send]")) flush();
    if (event.target.closest("[data-confirm-entry]")) {
      await keep(confirmed(await find(key)));
      flush();
    }
    const drop = event.target.closest("[data-drop]");
    if (drop && window.confirm(drop.dataset.drop)) {
      await forget(key);
      show();
    }
  });
  const codes = (...lists) => [...new Set(lists.filter(Boolean).join(" ").split(" "))].join(" ").trim();
  const confirmed = (entry) => ({
    ...entry,
    state: "waiting",
    doubts: {},
    fields: { ...entry.fields, confirmed: codes(entry.fields.confirmed, ...Object.keys(entry.doubts || {})) },
  });
  window.addEventListener("online", flush);
  window.addEventListener("offline", () => { why = OFFLINE; show(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });
  window.setInterval(() => { if (why === OFFLINE) flush(); }, 30000); // a telephone is often "online" without a net
  show().then(flush);

  // ── Entering a slip, a question a screen ──────────────────────────────────────────────────────────────────────────

  const form = document.querySelector("form[data-entry]");
  if (!form || !window.indexedDB) return;
  const words = document.getElementById("entry-words").dataset;
  const scales = JSON.parse(document.getElementById("scales").textContent);
  const steps = [...form.querySelectorAll("[data-question]")];
  const isStepped = !form.querySelector(".has-error"); // what the server refused is shown whole
  const field = (name) => form.elements[name];
  const value = (name) => (field(name)?.value ?? "").normalize("NFKC").trim();
  let at = 0;
  let editing = null; // the entry of the queue that is being mended
  let asked = []; // what was odd when "save" was pressed, so that it is asked once
  let shownAsked = false;
  const entered = []; // what this page wrote, to notice the same thing twice

  const member = () => {
    const no = value("household").split(" ")[0].toUpperCase();
    return scales.members.find(([one]) => one.toUpperCase() === no);
  };
  const thousandths = (text) => {
    const found = /^(\d{1,9})(?:\.(\d{1,3}))?$/.exec(text.replace(/[,\s¥元]|公斤|斤|kg/gi, ""));
    return found ? Number(found[1]) * 1000 + Number((found[2] || "").padEnd(3, "0")) : NaN;
  };
  const grams = () => thousandths(value("weight")) * (value("weight_unit") === "kg" ? 1000 : 500) / 1000;
  const fenPerKg = () => thousandths(value("price")) * (value("price_unit") === "kg" ? 1 : 2) / 10;
  const costFen = () => Math.floor((2 * grams() * fenPerKg() + 1000) / 2000);
  const yuan = (fen) => `${Math.floor(fen / 100).toLocaleString("en")}.${String(fen % 100).padStart(2, "0")}`;
  const unit = (name) => (value(name) === "kg" ? box.dataset.kg : box.dataset.jin);
  const good = () => scales.goods[value("produce")];

  // Households: what is typed looks for numbers, names and how they are spelled; without anything typed, who came lately.
  const picks = document.getElementById("picks");
  const look = () => {
    const sought = value("household").toLowerCase();
    const isChosen = member() && sought.includes(" ");
    const found = scales.members.filter(([, name, , known]) => !sought || isChosen || name.includes(sought) ||
      known.split(" ").some((word) => word.startsWith(sought)) || (sought.length > 2 && known.includes(sought)));
    const rows = (isChosen ? [member()] : found.slice(0, 8)).map(([no, name, village]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "pick";
      button.dataset.no = no;
      if (isChosen) button.setAttribute("aria-current", "true");
      const strong = document.createElement("strong");
      strong.textContent = name;
      button.append(strong, ` ${no} · ${village}`);
      const row = document.createElement("li");
      row.append(button);
      return row;
    });
    if (!rows.length) {
      const row = document.createElement("li");
      row.className = "quiet";
      row.textContent = picks.dataset.none;
      rows.push(row);
    }
    picks.replaceChildren(...rows);
  };
  const choose = (no) => {
    const found = scales.members.find(([one]) => one === no);
    field("household").value = found ? `${found[0]} ${found[1]}` : no;
    field("is_other_source").checked = false;
    look();
  };
  field("household").removeAttribute("list");
  field("household").addEventListener("input", look);
  picks.addEventListener("click", (event) => {
    const pick = event.target.closest(".pick");
    if (!pick) return;
    choose(pick.dataset.no);
    if (isStepped) go(at + 1);
  });
  field("is_other_source").addEventListener("change", () => {
    if (!field("is_other_source").checked) return;
    field("household").value = "";
    look();
    if (isStepped) go(at + 1);
  });
  field("household").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    const only = picks.querySelectorAll(".pick");
    if (only.length === 1) only[0].click();
  });

  // Goods bring the grade and the price that they had last.
  const bring = () => {
    const last = good();
    if (!last) return;
    const grade = [...form.querySelectorAll("[name=grade]")].find((one) => one.value === last.grade);
    if (grade) grade.checked = true;
    if (last.price !== null && !form.dataset.priced) {
      const per = value("price_unit") === "kg" ? last.price * 10 : last.price * 5; // thousandths of a yuan
      field("price").value = String(per / 1000);
    }
    total();
  };
  const total = () => {
    const line = form.querySelector(".entry-sum");
    line.textContent = Number.isInteger(costFen()) && costFen() > 0 ? line.dataset.text.replace("{yuan}", yuan(costFen())) : "";
  };
  form.addEventListener("input", (event) => {
    if (event.target.name === "price") form.dataset.priced = "yes";
    if (event.target.name === "bought_on") isDayChosen = true;
    shownAsked = false;
    total();
    draft();
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "produce") { delete form.dataset.priced; bring(); }
    if (event.target.name === "price_unit") bring();
  });

  // What is half entered is there again after a reload; a photo is not.
  const draftKey = `wuxi-draft-${form.dataset.entry}`;
  const kept = ["household", "is_other_source", "produce", "grade", "weight", "weight_unit", "price", "price_unit", "signed_how", "bought_on", "lot_no"];
  const fields = () => Object.fromEntries(kept.map((name) => [name, name === "is_other_source" ? (field(name).checked ? "on" : "") : value(name)]));
  const draft = () => {
    const now = { ...fields(), household: member()?.[0] || "", bought_on: undefined };
    try { localStorage.setItem(draftKey, JSON.stringify({ fields: now, entry_key: field("entry_key").value })); } catch { /* a private window */ }
  };
  const fill = (given) => {
    for (const name of kept) {
      if (given[name] === undefined || name === "household" || name === "is_other_source") continue;
      form.querySelectorAll(`[name=${name}]`).forEach((one) => {
        if (one.type === "radio") one.checked = one.value === given[name];
        else one.value = given[name];
      });
    }
    if (given.price) form.dataset.priced = "yes";
    choose(given.household || "");
    field("is_other_source").checked = given.is_other_source === "on";
    total();
  };
  const undraft = () => { try { localStorage.removeItem(draftKey); } catch { /* a private window */ } };

  // One question after another.
  const complain = (step, text) => {
    let line = step.querySelector(".error[data-said]");
    if (!line) {
      line = document.createElement("p");
      line.className = "error";
      line.dataset.said = "";
      line.setAttribute("role", "alert");
      step.append(line);
    }
    line.textContent = text;
    line.hidden = !text;
    return !text;
  };
  const isAnswered = (step) => {
    const whole = (n) => (Number.isInteger(n) ? "" : words.whole);
    const missing = {
      household: () => (member() || field("is_other_source").checked ? "" : words.household),
      produce: () => (good() ? "" : words.household),
      weight: () => (thousandths(value("weight")) > 0 ? whole(grams()) : words.weight),
      price: () => (thousandths(value("price")) > 0 ? whole(fenPerKg()) : words.price),
    }[step.dataset.question];
    return complain(step, missing ? missing() : "");
  };
  const odd = async () => {
    const found = {};
    const usual = good()?.usual;
    if (usual && fenPerKg() < usual[0]) found.price_low = words.low;
    if (usual && fenPerKg() > usual[1]) found.price_high = words.high;
    if (usual && grams() > usual[2]) found.heavy = words.heavy;
    const same = (other) => other.entry_key !== field("entry_key").value && ["household", "produce", "bought_on"].every((name) => other.fields[name] === now[name]);
    const now = { ...fields(), household: member()?.[0] || "" };
    if (now.household && [...entered, ...await waiting()].some(same)) found.twice = words.twice;
    return found;
  };
  // The page may have been open since yesterday. A telephone whose clock is late goes by the page's day.
  let isDayChosen = false;
  const today = () => [field("bought_on").defaultValue, new Date(Date.now() + 8 * 3600000).toISOString().slice(0, 10)].sort().at(-1);
  const setDay = () => { if (!isDayChosen) field("bought_on").value = today(); };
  const sum = async () => {
    setDay();
    const who = member();
    const says = {
      household: who ? `${who[1]} ${who[0]} · ${who[2]}` : words.other,
      goods: [good()?.name, value("grade")].filter(Boolean).join(" · "),
      weight: `${value("weight")} ${unit("weight_unit")}`,
      price: `${value("price")} ${words.per} ${unit("price_unit")}`,
      sum: `${yuan(costFen())} ${words.yuan}`,
      paper: field("photo").files.length || editing?.photo ? words.photo : words.noPhoto,
    };
    for (const [name, text] of Object.entries(says)) form.querySelector(`[data-say="${name}"]`).textContent = text;
    form.querySelector(".entry-check").hidden = false;
    showOdd(await odd());
  };
  const showOdd = (found) => {
    asked = Object.keys(found);
    const notice = form.querySelector(".entry-odd");
    notice.replaceChildren(...Object.values(found).map((text) => Object.assign(document.createElement("p"), { textContent: text })));
    notice.hidden = asked.length === 0;
    shownAsked = asked.length > 0;
    const button = form.querySelector("[data-save]");
    button.dataset.text ||= button.textContent;
    button.textContent = shownAsked ? words.again : button.dataset.text;
  };
  const turn = (to) => {
    at = Math.min(Math.max(to, 0), steps.length - 1);
    steps.forEach((step, n) => { step.hidden = n !== at; });
    form.querySelector("[data-back]").hidden = at === 0;
    form.querySelector("[data-on]").hidden = at === steps.length - 1;
    form.scrollIntoView({ block: "nearest" });
    if (at === steps.length - 1) sum();
    const first = steps[at].querySelector("input:not([type=radio]):not([type=checkbox]):not([type=file])");
    if (first && at > 0 && at < steps.length - 1) first.focus();
  };
  const go = (to) => {
    // Back on the telephone is the question before, not another page: there may be no network to come back with.
    history.pushState({ step: to }, "");
    turn(to);
  };
  if (isStepped) {
    form.classList.add("is-stepped");
    form.querySelector(".entry-steps").hidden = false;
    form.addEventListener("click", (event) => {
      if (event.target.closest("[data-back]")) history.back();
      if (event.target.closest("[data-on]") && isAnswered(steps[at])) go(at + 1);
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || event.target.matches("button, [name=household]")) return;
      event.preventDefault();
      if (at < steps.length - 1 && isAnswered(steps[at])) go(at + 1);
    });
    window.addEventListener("popstate", (event) => turn(event.state?.step || 0));
    history.replaceState({ step: 0 }, "");
  }

  // ── Saving: into the queue first, from there to the server ────────────────────────────────────────────────────────

  const newKey = () => crypto.randomUUID?.() ?? "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
    (Number(c) ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (Number(c) / 4)))).toString(16));
  const MOST_PHOTO = 900000; // signs of base64: what a slow network carries and the server takes
  const asText = (blob) => new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(blob);
  });
  const photo = async () => {
    const [file] = field("photo").files;
    if (!file) return editing?.photo || "";
    const text = await asText(file);
    if (file.type === "image/jpeg" && text.length <= MOST_PHOTO) return text;
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    for (const side of [1200, 800]) {
      const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
      const sheet = Object.assign(document.createElement("canvas"), { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
      sheet.getContext("2d").drawImage(bitmap, 0, 0, sheet.width, sheet.height);
      const drawn = sheet.toDataURL("image/jpeg", 0.6);
      if (drawn.length <= MOST_PHOTO) return drawn;
    }
    return "";
  };
  const refuse = (errors) => {
    const where = { is_other_source: "household", grade: "produce", weight_unit: "weight", price_unit: "price", photo: "paper", signed_how: "paper" };
    let first = null;
    for (const [name, list] of Object.entries(errors)) {
      const wanted = where[name] || name;
      const step = steps.find((one) => one.dataset.question === wanted) || steps.at(-1);
      complain(step, list.join(" "));
      if (first === null || steps.indexOf(step) < first) first = steps.indexOf(step);
    }
    if (isStepped && first !== null) go(first);
  };
  const begin = () => {
    // The next slip: the same goods, another household.
    editing = null;
    isDayChosen = false;
    field("entry_key").value = newKey();
    for (const name of ["household", "weight", "lot_no"]) field(name).value = "";
    field("is_other_source").checked = false;
    field("photo").value = "";
    form.querySelector(".previews").replaceChildren();
    form.querySelectorAll("[name=signed_how]").forEach((one) => { one.checked = one.value === ""; });
    form.querySelectorAll(".error[data-said]").forEach((line) => { line.hidden = true; });
    delete form.dataset.priced;
    showOdd({});
    look();
    if (isStepped) go(0);
  };
  let saving = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (saving) return;
    saving = true;
    try { await save(); } finally { saving = false; }
  });
  const save = async () => {
    const gap = steps.find((step) => !isAnswered(step));
    if (gap) { if (isStepped) go(steps.indexOf(gap)); return; }
    if (!isStepped && !shownAsked) {
      const found = await odd();
      if (Object.keys(found).length) { await sum(); return; }
    }
    const entry = {
      entry_key: field("entry_key").value || newKey(),
      cooperative: form.dataset.entry,
      goods: [good().name, value("grade")].filter(Boolean).join(" "),
      fields: { ...fields(), household: member()?.[0] || "", confirmed: codes(value("confirmed"), editing?.fields.confirmed, ...asked) },
      photo: await photo().catch(() => ""),
      state: "waiting",
      made_at: editing?.made_at || Date.now(),
    };
    if (entry.fields.is_other_source === "") delete entry.fields.is_other_source;
    try {
      await keep(entry);
    } catch {
      form.submit(); // no room in this browser: the old way, while there is a network
      return;
    }
    field("entry_key").value = entry.entry_key;
    undraft();
    await flush();
    const answer = written.get(entry.entry_key);
    if (answer) { location.assign(answer.url); return; }
    const left = await find(entry.entry_key);
    if (!left) { location.assign(box.dataset.form); return; } // another tab has sent it
    if (left.state === "asked") { editing = left; showOdd(left.doubts); return; }
    if (left.state === "refused" || left.state === "broken") { editing = left; refuse(left.errors); return; }
    entered.push(entry);
    let notice = document.querySelector(".entry-kept");
    if (!notice) {
      notice = Object.assign(document.createElement("p"), { className: "notice entry-kept" });
      notice.setAttribute("role", "status");
      form.before(notice);
    }
    notice.textContent = words.kept;
    begin();
    window.scrollTo(0, 0);
  };

  // ── Beginning: an entry to be mended, else what was half entered ──────────────────────────────────────────────────

  const start = async () => {
    const key = /^#mend=([0-9a-f-]{36})$/.exec(location.hash)?.[1];
    const entry = key && await find(key).catch(() => null);
    if (entry && entry.cooperative === form.dataset.entry) {
      editing = entry;
      isDayChosen = true;
      field("entry_key").value = entry.entry_key;
      fill(entry.fields);
      if (isStepped) turn(0);
      if (entry.state === "refused") refuse(entry.errors);
      else if (isStepped) turn(steps.length - 1);
      return;
    }
    if (!isStepped) { look(); total(); return; }
    let was = null;
    try { was = JSON.parse(localStorage.getItem(draftKey)); } catch { /* a private window, or not ours */ }
    if (was?.fields?.household || was?.fields?.weight) {
      fill(was.fields);
      field("entry_key").value = was.entry_key || field("entry_key").value;
    } else {
      look();
      bring();
    }
    turn(0);
  };
  window.addEventListener("hashchange", start);
  start();
})();
