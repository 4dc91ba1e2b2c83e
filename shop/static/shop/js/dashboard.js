// What Oscar's dashboard needs to work without its rich text editor (GPL, not shipped) and under a security policy that
// runs no script and applies no style written into an element's attributes.
(function ($) {
  "use strict";

  // Descriptions are edited as plain text fields.
  $.fn.tinymce = function () {
    return this;
  };

  $(document).on("click", "a[onclick]", function (event) {
    event.preventDefault();
    if (this.getAttribute("onclick").indexOf("window.close") >= 0) {
      window.close();
    } else {
      window.history.back();
    }
  });

  // A picture chosen for upload takes the place of its button. These events do not bubble, so they are caught on the way.
  ["load", "error"].forEach(function (kind) {
    document.addEventListener(
      kind,
      function (event) {
        var $input = $(event.target).closest("img[onload]").closest(".image-input");
        $input.find("button").toggle(kind === "error");
      },
      true
    );
  });

  // The policy lets a script set styles, and these are Oscar's own.
  $("[style]").each(function () {
    this.style.cssText = this.getAttribute("style");
  });
})(jQuery);
