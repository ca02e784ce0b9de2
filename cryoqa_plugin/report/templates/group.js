(function () {
  "use strict";
  var by = Object.create(null), chosen = [], outs = Array.prototype.slice.call(document.querySelectorAll(".reading"));
  var hints = outs.map(function (o) { return o.textContent; });
  Array.prototype.forEach.call(document.querySelectorAll("[data-map]"), function (e) {
    var name = e.getAttribute("data-map"), row = e.tagName.toLowerCase() === "tr";
    (by[name] = by[name] || []).push(e);
    e.addEventListener("pointerenter", function () { choose(name, row ? name : e.getAttribute("data-words")); });
    e.addEventListener("pointerleave", function () { choose(null, ""); });
  });
  function choose(name, words) {
    chosen.forEach(function (e) { e.classList.remove("chosen"); });
    chosen = name === null ? [] : by[name];
    chosen.forEach(function (e) { e.classList.add("chosen"); });
    document.body.classList.toggle("pointing", name !== null);
    outs.forEach(function (o, i) { o.textContent = words || hints[i]; });
  }
  var table = document.querySelector("table.maps"), body = table.tBodies[0];
  Array.prototype.forEach.call(table.tHead.querySelectorAll("button"), function (button, column) {
    button.addEventListener("click", function () {
      var head = button.parentNode, down = head.getAttribute("aria-sort") === "ascending";
      function key(row) {
        var cell = row.cells[column], v = cell && cell.colSpan === 1 ? cell.getAttribute("data-v") : null;
        return v === null ? null : Number(v);
      }
      var rows = Array.prototype.slice.call(body.rows);
      rows.sort(function (a, b) {
        var x = key(a), y = key(b);
        if (x === null || y === null) { return (x === null) - (y === null); }
        return (x - y) * (down ? -1 : 1);
      });
      Array.prototype.forEach.call(table.tHead.querySelectorAll("th"), function (th) { th.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.forEach(function (row) { body.appendChild(row); });
    });
  });
}());
