(function () {
  "use strict";
  var marked = Array.prototype.slice.call(document.querySelectorAll("[data-map]")), out = document.querySelector("#numbers .reading");
  function choose(name, words) {
    marked.forEach(function (e) { e.classList.toggle("chosen", name !== null && e.getAttribute("data-map") === name); });
    if (out) { out.textContent = words || "\u00a0"; }
  }
  marked.forEach(function (e) {
    var title = e.querySelector("title"), name = e.getAttribute("data-map"), focus = e.parentNode;
    function on() { choose(name, title ? title.textContent : name); }
    function off() { choose(null, ""); }
    e.addEventListener("pointerenter", on);
    e.addEventListener("pointerleave", off);
    if (focus.tagName.toLowerCase() === "a") { focus.addEventListener("focus", on); focus.addEventListener("blur", off); }
  });
  var table = document.querySelector("table.maps"), body = table.tBodies[0];
  Array.prototype.forEach.call(table.tHead.querySelectorAll("button"), function (button, column) {
    var down = true;
    button.addEventListener("click", function () {
      var rows = Array.prototype.slice.call(body.rows);
      function key(row) {
        var cell = row.cells[column], text = cell && cell.colSpan === 1 ? cell.textContent.trim() : "";
        var parts = text.split(" / "), n = parts.length === 2 ? parts[0] / parts[1] : Number(text);
        return text === "" || text === "–" ? null : isNaN(n) ? text.toLowerCase() : n;
      }
      rows.sort(function (a, b) {
        var x = key(a), y = key(b);
        if (x === null || y === null) { return (x === null) - (y === null); }
        return (x < y ? -1 : x > y ? 1 : 0) * (down ? 1 : -1);
      });
      down = !down;
      rows.forEach(function (row) { body.appendChild(row); });
    });
  });
}());
