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

  // A text to be pasted elsewhere. Inside WeChat there may be no clipboard: then it is selected, and copied the old way.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copy);
    source.select();
    try { await navigator.clipboard.writeText(source.value); } catch { document.execCommand("copy"); }
    button.querySelector("span").textContent = button.dataset.copied;
  });

  // How long something is still held: the page says until when, this says how long that is.
  const tick = () => document.querySelectorAll("[data-until]").forEach((clock) => {
    const left = Math.floor((Date.parse(clock.dataset.until) - Date.now()) / 1000);
    const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    clock.textContent = left > 0 ? clock.dataset.text.replace("{time}", time) : clock.dataset.over;
  });
  document.addEventListener("DOMContentLoaded", () => { tick(); window.setInterval(tick, 1000); });

  // Something that cannot be undone is asked about first.
  document.addEventListener("submit", (event) => {
    const question = event.submitter && event.submitter.dataset.confirm;
    if (question && !window.confirm(question)) { event.preventDefault(); delete event.target.dataset.sent; }
  });
})();
