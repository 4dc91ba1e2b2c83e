/* What a script adds to pages that work without one: steppers, filters that apply themselves, no second click on "buy". */
(() => {
  "use strict";
  document.documentElement.classList.add("js");

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
