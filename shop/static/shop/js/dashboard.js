// What Oscar's dashboard needs to work without its rich text editor (GPL, not shipped) and without inline handlers.
(function ($) {
  "use strict";

  // Descriptions are edited as plain text fields.
  $.fn.tinymce = function () {
    return this;
  };

  // Oscar's "cancel" links carry onclick attributes, which the page's security policy does not run.
  $(document).on("click", "a[onclick]", function (event) {
    event.preventDefault();
    if (this.getAttribute("onclick").indexOf("window.close") >= 0) {
      window.close();
    } else {
      window.history.back();
    }
  });
})(jQuery);
