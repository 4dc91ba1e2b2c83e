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
