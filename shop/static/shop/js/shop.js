/* What a script adds to pages that work without one: steppers, filters that apply themselves, no second click on "buy". */
(() => {
  "use strict";
  document.documentElement.classList.add("js");
  if (/MicroMessenger/i.test(navigator.userAgent)) document.documentElement.classList.add("wechat");

  // − and + beside a quantity.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (!button) return;
    const input = button.closest(".quantity").querySelector("input");
    const wanted = (Number.parseInt(input.value, 10) || 0) + Number(button.dataset.step);
    const within = Math.min(Math.max(wanted, Number(input.min || 1)), Number(input.max || 99999));
    if (String(within) === input.value) return;
    input.value = within;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // The quantity of a product page is also the one of the bar at the foot of a phone.
  document.addEventListener("change", (event) => {
    const same = event.target.dataset && event.target.dataset.same;
    if (!same) return;
    document.querySelectorAll(`[data-same="${same}"]`).forEach((other) => { other.value = event.target.value; });
  });

  // What was wrong with a field is gone as soon as it is written anew; the server judges again.
  document.addEventListener("input", ({ target }) => {
    const box = target.closest(".field") || target.closest("fieldset, .line");
    if (!box || !box.querySelector(".errorlist, .error")) return;
    box.querySelectorAll(".errorlist, .error").forEach((text) => text.remove());
    box.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
  });

  // A second press while the first is on its way does nothing.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-once]").forEach((form) => { delete form.dataset.sent; });
  });

  // Photos are shown before they are sent, and made smaller, so that they travel quickly over a mobile net.
  const LONG_SIDE = 1600;
  const smaller = async (file) => {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONG_SIDE / Math.max(bitmap.width, bitmap.height));
    const sheet = document.createElement("canvas");
    sheet.width = Math.max(1, Math.round(bitmap.width * scale));
    sheet.height = Math.max(1, Math.round(bitmap.height * scale));
    sheet.getContext("2d").drawImage(bitmap, 0, 0, sheet.width, sheet.height);
    const blob = await new Promise((done) => { sheet.toBlob(done, "image/jpeg", 0.85); });
    return { preview: sheet.toDataURL("image/jpeg", 0.5), file: new File([blob], "photo.jpg", { type: "image/jpeg" }) };
  };
  document.addEventListener("change", async (event) => {
    const input = event.target;
    if (!input.dataset || !input.dataset.photos) return;
    const list = input.closest(".field").querySelector(".previews");
    const chosen = [...input.files];
    list.replaceChildren();
    list.hidden = chosen.length === 0;
    const sent = new DataTransfer();
    for (const file of chosen) {
      // What the browser cannot read the server refuses, with words.
      const made = await smaller(file).catch(() => ({ preview: "", file }));
      if (input.files.length !== chosen.length || input.files[0] !== chosen[0]) return; // chosen anew meanwhile
      sent.items.add(made.file);
      if (!made.preview) continue;
      const image = new Image();
      image.src = made.preview;
      image.alt = list.dataset.alt;
      const item = document.createElement("li");
      item.append(image);
      list.append(item);
    }
    input.files = sent.files;
  });

  // A text to be pasted elsewhere. Inside WeChat there may be no clipboard: then it is selected, and copied the old way.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy-from]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copyFrom);
    source.select();
    try { await navigator.clipboard.writeText(source.value); } catch { document.execCommand("copy"); }
    button.querySelector("span").textContent = button.dataset.copied;
  });

  // How long something is still held: the page says until when, this says how long that is.
  const tick = () => document.querySelectorAll("[data-held-until]").forEach((clock) => {
    const left = Math.floor((Date.parse(clock.dataset.heldUntil) - Date.now()) / 1000);
    const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    clock.textContent = left > 0 ? clock.dataset.text.replace("{time}", time) : clock.dataset.over;
  });
  document.addEventListener("DOMContentLoaded", () => { tick(); window.setInterval(tick, 1000); });

  // What the words typed so far may become, under the search field: arrows choose, Enter goes there, Escape closes.
  document.addEventListener("DOMContentLoaded", () => {
    const field = document.querySelector("input[role=combobox]");
    const list = field && document.getElementById(field.getAttribute("aria-controls"));
    if (!list) return;
    const options = () => [...list.querySelectorAll("[role=option]")];
    const choose = (chosen) => {
      options().forEach((one) => { one.setAttribute("aria-selected", String(one === chosen)); });
      if (chosen) { field.setAttribute("aria-activedescendant", chosen.id); chosen.scrollIntoView({ block: "nearest" }); }
      else field.removeAttribute("aria-activedescendant");
    };
    const show = (yes) => {
      list.hidden = !yes;
      field.setAttribute("aria-expanded", String(yes));
      choose(null);
    };
    list.addEventListener("htmx:afterSwap", () => show(field.value.trim() !== "" && options().length > 0));
    field.addEventListener("input", () => { if (!field.value.trim()) show(false); });
    field.addEventListener("focus", () => { if (field.value.trim() && options().length) show(true); });
    field.form.addEventListener("focusout", (event) => { if (!field.form.contains(event.relatedTarget)) show(false); });
    list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus, so the list stays
    field.addEventListener("keydown", (event) => {
      if (event.isComposing || list.hidden) return;
      const all = options();
      const at = all.findIndex((one) => one.id === field.getAttribute("aria-activedescendant"));
      if (event.key === "ArrowDown") choose(all[(at + 1) % all.length]);
      else if (event.key === "ArrowUp") choose(all[(at <= 0 ? all.length : at) - 1]);
      else if (event.key === "Enter" && at >= 0) all[at].click();
      else if (event.key === "Escape") show(false);
      else return;
      event.preventDefault();
    });
  });

  // A sheet with more about something.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-sheet]");
    const sheet = opener && document.querySelector(opener.dataset.sheet);
    if (sheet && sheet.showModal) sheet.showModal();
    if (event.target.matches("dialog.sheet")) event.target.close(); // a press beside it
  });

  // Pictures of a product: a small one brings its large one, and the large one in view marks its small one.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-show]");
    if (!link) return;
    event.preventDefault();
    const figure = document.querySelector(link.hash);
    figure.parentElement.scrollTo({ left: figure.offsetLeft - figure.parentElement.offsetLeft });
  });
  document.addEventListener("scroll", (event) => {
    const strip = event.target;
    if (!(strip instanceof Element) || !strip.matches(".gallery-strip")) return;
    const at = Math.round(strip.scrollLeft / strip.clientWidth);
    document.querySelectorAll("[data-show]").forEach((link, i) => {
      if (i === at) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    });
  }, true);

  // Where to: chosen once, it holds for every product on this device, and the server is told nothing of it.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-remember]");
    if (!form) return;
    try { localStorage.setItem(form.dataset.remember, event.target.value); } catch { /* a private window */ }
  });
  window.addEventListener("load", () => {
    const form = document.querySelector("[data-remember]");
    if (!form || new URLSearchParams(location.search).has(form.dataset.remember)) return;
    const select = form.querySelector("select");
    let known = null;
    try { known = localStorage.getItem(form.dataset.remember); } catch { /* a private window */ }
    if (!known || known === select.value || ![...select.options].some((one) => one.value === known)) return;
    select.value = known;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // A question that an address names is open.
  const open = () => {
    const details = location.hash && document.getElementById(location.hash.slice(1));
    if (details instanceof HTMLDetailsElement) details.open = true;
  };
  window.addEventListener("hashchange", open);
  document.addEventListener("DOMContentLoaded", open);

  // What is left until a moment, in the two largest units, as the server wrote it at first.
  const units = (minutes) => [
    [Math.floor(minutes / 1440), "day"], [Math.floor(minutes / 60) % 24, "hour"], [minutes % 60, "minute"],
  ];
  const words = (n, unit) => new Intl.NumberFormat(document.documentElement.lang || "zh", { style: "unit", unit, unitDisplay: "long" }).format(n);
  const count = () => document.querySelectorAll("[data-until]").forEach((time) => {
    const minutes = Math.floor((new Date(time.dataset.until) - Date.now()) / 60000);
    if (minutes < 0) { time.textContent = time.dataset.over; return; }
    const parts = units(minutes);
    const first = Math.max(parts.findIndex(([n]) => n), 0);
    time.textContent = (minutes ? parts.slice(first, first + 2) : parts.slice(2)).filter(([n]) => n || !minutes).map(([n, unit]) => words(n, unit)).join(" ");
  });
  document.addEventListener("DOMContentLoaded", () => {
    if (!document.querySelector("[data-until]")) return;
    count();
    window.setInterval(count, 20000);
  });

  // A number to copy, such as a waybill. Where there is no clipboard (http, old WebViews) it is selected instead.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.querySelector("span").textContent = button.dataset.copied;
    } catch {
      const number = button.previousElementSibling;
      if (number) window.getSelection().selectAllChildren(number);
    }
  });

  // Something that cannot be undone is asked about first.
  document.addEventListener("submit", (event) => {
    const question = event.submitter && event.submitter.dataset.confirm;
    if (question && !window.confirm(question)) { event.preventDefault(); delete event.target.dataset.sent; }
  });

  // Another code can be sent when the first has had its time.
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-wait]").forEach((button) => {
      const until = Date.now() + Number(button.dataset.wait) * 1000;
      const left = button.querySelector("[data-wait-left]");
      const tick = () => {
        const seconds = Math.ceil((until - Date.now()) / 1000);
        button.disabled = seconds > 0;
        left.textContent = seconds > 0 ? ` (${seconds})` : "";
        if (seconds > 0) window.setTimeout(tick, 1000);
      };
      tick();
    });
  });
})();
